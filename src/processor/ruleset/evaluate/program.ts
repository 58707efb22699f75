import { type ChildIndex, indexChildren } from '../compile/child-index.ts';
import { type DecoderIndex, indexDecoders } from '../compile/decoder-index.ts';
import { createFieldTable, type FieldTable } from '../compile/field-table.ts';
import { indexLinks, type LinkIndex } from '../compile/link-index.ts';
import type { Decoder, Rule, Ruleset } from '../compile/ruleset.ts';
import { indexSiblings, type SiblingIndex } from '../compile/sibling-index.ts';
import { LiteralFinder } from '../matcher/literal-finder.ts';
import type { HistoryQuestion } from './correlate.ts';
import { STATIC_SLOT } from './event.ts';
import { listKeyOf, listsOf } from './histories.ts';
import { JSON_STATIC_PATHS } from './json-fields.ts';
import { searchKeys } from './search-key.ts';

/** A rule with what the walk wants at hand. One object however many parents it has. */
export interface RuleNode {
  readonly rule: Rule;
  /** Position in tables the walk keeps. */
  readonly index: number;
  readonly children: RuleNode[];
  /** Hangs under several parents, so that one event may ask it several times. */
  shared: boolean;
  /** It, or a rule below it, searches past events. */
  searches: boolean;
  readonly question: HistoryQuestion | undefined;
  /** Histories its final events go into. */
  readonly lists: readonly string[];
  /** Rules children out; undefined where they are asked one by one. */
  siblings: SiblingIndex | undefined;
}

export interface Program {
  readonly roots: readonly RuleNode[];
  readonly nodes: readonly RuleNode[];
  readonly byId: ReadonlyMap<string, RuleNode>;
  readonly decoders: { readonly withProgram: DecoderIndex; readonly withoutProgram: DecoderIndex };
  /** By their root, where there are many. */
  readonly childIndexes: ReadonlyMap<Decoder, ChildIndex>;
  readonly links: ReadonlyMap<Decoder, LinkIndex>;
  /** Finds the literals that the indexes number. */
  readonly finder: LiteralFinder;
  /** Fields that the ruleset looks at. */
  readonly fields: FieldTable;
}

const INDEXED = new WeakMap<Ruleset, Program>();
const PLAIN = new WeakMap<Ruleset, Program>();

/** What engines of one ruleset share: nothing in it changes. */
export function programOf(ruleset: Ruleset, plain: boolean): Program {
  const programs = plain ? PLAIN : INDEXED;
  let program = programs.get(ruleset);
  if (!program) {
    program = buildProgram(ruleset, plain);
    programs.set(ruleset, program);
  }
  return program;
}

/** Prepares a ruleset for the walk. Linear in rules and parent links, without recursion. `plain` leaves indexes out. */
function buildProgram(ruleset: Ruleset, plain: boolean): Program {
  const nodes: RuleNode[] = [];
  const byRule = new Map<Rule, RuleNode>();
  const keyFor = searchKeys(ruleset.dialect);
  const nodeOf = (rule: Rule): RuleNode => {
    const known = byRule.get(rule);
    if (known) {
      known.shared = true;
      return known;
    }
    const node: RuleNode = {
      rule,
      index: nodes.length,
      children: [],
      shared: false,
      searches: false,
      question: questionOf(rule, keyFor),
      lists: listsOf(rule),
      siblings: undefined,
    };
    byRule.set(rule, node);
    nodes.push(node);
    return node;
  };
  const roots = ruleset.roots.map(nodeOf);
  // `nodes` grows while it is walked.
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index]!;
    for (const child of node.rule.children) node.children.push(nodeOf(child));
  }
  markSearching(nodes);
  const numbers = new Map<string, number>();
  const numberOf = (literal: string) => {
    const number = numbers.get(literal) ?? numbers.size;
    numbers.set(literal, number);
    return number;
  };
  if (!plain) {
    for (const node of nodes) {
      node.siblings = indexSiblings(node.rule.children, numberOf, (name) => STATIC_SLOT[name]);
    }
  }
  const { withProgram, withoutProgram } = ruleset.decoders;
  const links = indexLinks([...withProgram, ...withoutProgram], numberOf);
  const decoders = {
    withProgram: indexDecoders(withProgram, numberOf),
    withoutProgram: indexDecoders(withoutProgram, numberOf),
  };
  return {
    links,
    childIndexes: indexChildren([...withProgram, ...withoutProgram], numberOf),
    roots,
    nodes,
    byId: new Map(nodes.map((node) => [node.rule.id, node])),
    decoders,
    finder: new LiteralFinder([...numbers.keys()]),
    fields: createFieldTable(ruleset, JSON_STATIC_PATHS),
  };
}

/** From every rule that searches up to all rules above it. */
function markSearching(nodes: readonly RuleNode[]): void {
  const parents = nodes.map((): RuleNode[] => []);
  for (const node of nodes) for (const child of node.children) parents[child.index]!.push(node);
  const queue = nodes.filter((node) => node.question !== undefined);
  for (let node = queue.pop(); node; node = queue.pop()) {
    if (node.searches) continue;
    node.searches = true;
    queue.push(...parents[node.index]!);
  }
}

/** `check_diff` switches the history search off. */
function questionOf(rule: Rule, keyFor: ReturnType<typeof searchKeys>): HistoryQuestion | undefined {
  const { id, level, correlation } = rule;
  if (!correlation || rule.conditions.some((condition) => condition.kind === 'check_diff')) return undefined;
  return { ruleId: id, level, correlation, list: listKeyOf(rule), key: keyFor(correlation) };
}
