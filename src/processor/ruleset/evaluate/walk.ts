import type { Condition, Rule } from '../compile/ruleset.ts';
import type { Candidates } from './candidates.ts';
import { checkDiff } from './check-diff.ts';
import { type ConditionContext, holds } from './conditions.ts';
import type { HistorySearch } from './correlate.ts';
import { type Event, NO_TEXTS } from './event.ts';
import { isFirstSeen } from './fts.ts';
import type { Program, RuleNode } from './program.ts';
import type { EngineState } from './state.ts';

/** Watches the walk: for explanations and for finding slow rules. */
export interface WalkTracer {
  /** A rule is about to be tested. */
  tried(rule: Rule): void;
  /**
   * Its first condition that failed; `history` where the search over past events did, undefined where all held: then its
   * children are tried next.
   */
  tested(rule: Rule, failed: Condition | 'history' | undefined, event: Event): void;
  /** Indexes stay in use: rules that they rule out are not shown. */
  readonly onlyAsked?: boolean;
  /** A rule that held is given up, since it is `noalert` and none of its children held. */
  left?(rule: Rule): void;
}

export interface Winner {
  readonly node: RuleNode;
  /** The rule above it on the path that was taken. */
  readonly parent: RuleNode | undefined;
}

/** A `check_diff` rule saw its text for the first time. */
export interface Baseline {
  readonly ruleId: string;
}

/**
 * The tree walk of ruleset-engine 6.2 and 6.3: depth first, siblings in order, the first rule that holds and has no
 * child that does is the result, `noalert` rules let the search go on.
 *
 * A rule that said no to an event says no again, since whatever it remembered meanwhile only makes it stricter; so a rule
 * with several parents is asked once, or a tree that doubles with every rule would never end. Rules that search past
 * events are asked again as long as that is few, because each search changes what is shown as previous output.
 */
export class Walk {
  private readonly context: ConditionContext;
  private readonly search: HistorySearch;
  private readonly state: EngineState;
  private readonly program: Program;
  private readonly refused: Uint32Array;
  private serial = 0;
  /** Second and later questions to searching rules, for this event. */
  private repeats = 0;
  private readonly candidates: Candidates;
  /** The first `depth` are the way down; lengths of arrays are slow to set. */
  private readonly path: RuleNode[] = [];
  private depth = 0;
  /** For every node of the path, the next child to ask and the end: places in `candidates.picked`, or positions where all are asked. */
  private readonly nextChild: number[] = [];
  private readonly endChild: number[] = [];
  private readonly pickedEnd: number[] = [];
  tracer: WalkTracer | undefined = undefined;
  /** First sights of the last walk. */
  baselines: Baseline[] = NO_BASELINES;
  /** Rules whose `check_diff` refused the last event for its size. */
  tooLarge: string[] = NO_IDS;
  /** Rules whose `check_diff` saw a run older than the one it knows. */
  stale: string[] = NO_IDS;

  constructor(
    program: Program,
    state: EngineState,
    context: ConditionContext,
    search: HistorySearch,
    candidates: Candidates,
  ) {
    this.program = program;
    this.candidates = candidates;
    this.state = state;
    this.context = context;
    this.search = search;
    this.refused = new Uint32Array(program.nodes.length);
  }

  /** Forgets what the last event brought to light. */
  begin(): void {
    this.baselines = NO_BASELINES;
    this.tooLarge = NO_IDS;
    this.stale = NO_IDS;
  }

  find(event: Event): Winner | undefined {
    this.repeats = 0;
    if (++this.serial === 0xffffffff) {
      this.refused.fill(0);
      this.serial = 1;
    }
    for (const root of this.program.roots) {
      if (root.rule.category !== event.category) continue;
      const winner = this.descend(root, event);
      if (winner) return winner;
    }
    return undefined;
  }

  private descend(root: RuleNode, event: Event): Winner | undefined {
    const { path, nextChild, endChild } = this;
    this.depth = 0;
    if (!this.enter(root, event)) return undefined;
    while (this.depth > 0) {
      const top = this.depth - 1;
      const node = path[top]!;
      const next = nextChild[top]!;
      if (next < endChild[top]!) {
        nextChild[top] = next + 1;
        const position = this.isIndexed(node) ? this.candidates.picked[next]! : next;
        this.enter(node.children[position]!, event);
      } else if (node.rule.noalert) {
        this.refused[node.index] = this.serial;
        this.depth--;
        this.tracer?.left?.(node.rule);
      } else return { node, parent: top > 0 ? path[top - 1] : undefined };
    }
    return undefined;
  }

  /** Tests a rule; where it holds, its children are next. */
  private enter(node: RuleNode, event: Event): boolean {
    if (node.shared && this.refused[node.index] === this.serial) {
      if (!node.searches || ++this.repeats > MAX_REPEATS) return false;
    }
    this.tracer?.tried(node.rule);
    const failed = this.test(node, event);
    this.tracer?.tested(node.rule, failed, event);
    if (failed !== undefined) {
      this.refused[node.index] = this.serial;
      return false;
    }
    this.open(node, event);
    return true;
  }

  /** Who watches wants to see every rule that is asked. */
  private isIndexed(node: RuleNode): boolean {
    return node.siblings !== undefined && (this.tracer === undefined || this.tracer.onlyAsked === true);
  }

  private open(node: RuleNode, event: Event): void {
    const depth = this.depth++;
    this.path[depth] = node;
    const from = depth === 0 ? 0 : this.pickedEnd[depth - 1]!;
    const indexed = this.isIndexed(node);
    this.pickedEnd[depth] = indexed ? this.candidates.collect(node.siblings!, event, from) : from;
    this.nextChild[depth] = indexed ? from : 0;
    this.endChild[depth] = indexed ? this.pickedEnd[depth]! : node.children.length;
  }

  private test(node: RuleNode, event: Event): Condition | 'history' | undefined {
    const { rule, question } = node;
    for (const condition of rule.conditions) {
      if (condition.kind === 'check_diff') {
        if (!this.differs(event, rule.id)) return condition;
      } else if (condition.kind === 'if_fts') {
        if (!isFirstSeen(event, this.state)) return condition;
      } else if (!holds(condition, event, this.context, rule.id)) return condition;
    }
    if (question && !this.search.search(question, event, this.state.history, this.context.limits)) {
      // An unsuccessful search forgets what an earlier one had found to show.
      event.previous = NO_TEXTS;
      return 'history';
    }
    return undefined;
  }

  private differs(event: Event, ruleId: string): boolean {
    const outcome = checkDiff(event, ruleId, this.state.snapshots, this.context.ruleset);
    if (outcome === 'first') this.baselines = [...this.baselines, { ruleId }];
    else if (outcome === 'too-large') this.tooLarge = [...this.tooLarge, ruleId];
    else if (outcome === 'stale') this.stale = [...this.stale, ruleId];
    return outcome === 'changed';
  }
}

const MAX_REPEATS = 1000;
const NO_BASELINES: Baseline[] = [];
const NO_IDS: string[] = [];
