import type { TextSlot } from '../parse/ast.ts';
import { foldAscii } from '../parse/words.ts';
import type { CompileContext } from './context.ts';
import { compileDescription } from './description.ts';
import { staticSlot } from './fields.ts';
import { splitGroups } from './groups.ts';
import { resolveMitre } from './mitre.ts';
import type { RuleBody, TextCondition } from './rule-body.ts';
import type { RuleDraft } from './rule-draft.ts';
import type { RuleTree } from './rule-tree.ts';
import type { Condition, Correlation, Dialect, IgnoreSpec, Rule, TextSource } from './ruleset.ts';

interface Writable {
  readonly rule: Rule;
  readonly children: Rule[];
  readonly feeds: Rule[];
}

/** Times that one event is listed for the rules that count it, and the same over all rules; see `docs/diagnostics.md`. */
const MAX_FEEDS = 20_000;
const MAX_ALL_FEEDS = 4_000_000;

/**
 * Turns the finished tree into the rules that the engine runs: nothing of them changes any more. A rule whose events would
 * be listed more often than any machine can bear is a fatal finding.
 */
export function finishRules(tree: RuleTree, context: CompileContext): { roots: Rule[]; rules: Map<string, Rule> } {
  const finished = new Map<RuleDraft, Writable>();
  const drafts = new Set([...tree.all(), ...tree.roots]);
  for (const draft of drafts) finished.set(draft, finish(draft, context));
  const ruleOf = (draft: RuleDraft): Rule[] => {
    const found = finished.get(draft);
    return found === undefined ? [] : [found.rule];
  };
  let allFeeds = 0;
  for (const [draft, { children, feeds }] of finished) {
    for (const child of draft.children) children.push(...ruleOf(child));
    for (const [listener, count] of draft.feeds) {
      const [rule] = ruleOf(listener);
      if (rule === undefined) continue;
      // The original lists an event once for each place of its rule in the tree; more than it takes to fire are no use.
      const needed = rule.correlation?.needed ?? 0;
      const times = Math.min(count, needed + 1);
      allFeeds += times;
      if (feeds.length + times > MAX_FEEDS || allFeeds > MAX_ALL_FEEDS) {
        reportFeeds(draft, listener, context);
        return { roots: [], rules: new Map() };
      }
      for (let left = times; left > 0; left--) feeds.push(rule);
    }
  }
  const rules = new Map<string, Rule>();
  for (const draft of tree.all()) for (const rule of ruleOf(draft)) rules.set(rule.id, rule);
  return { roots: tree.roots.flatMap(ruleOf), rules };
}

function reportFeeds({ id }: RuleDraft, listener: RuleDraft, { diagnostics }: CompileContext): void {
  diagnostics.push({
    severity: 'fatal',
    code: 'rule-tree-too-large',
    message: `rule ${listener.id}: the tree of rules has grown out of bounds: it counts each event of rule ${id} once for every place of that rule`,
    help: 'Groups match themselves: a rule with if_group must not belong to a group that its own if_group finds.',
    span: listener.body.parentSpan,
  });
}

function finish(draft: RuleDraft, context: CompileContext): Writable {
  const { body } = draft;
  const { dialect } = context;
  const children: Rule[] = [];
  const feeds: Rule[] = [];
  const { groups, compliance } = splitGroups(body.groupText);
  const rule: Rule = {
    id: String(body.id),
    level: finalLevel(body, draft.nodeCount, context),
    noalert: body.noalert,
    category: body.category,
    groupText: body.groupText,
    groups,
    compliance,
    conditions: assembleConditions(body, context),
    correlation: assembleCorrelation(draft, dialect),
    children,
    keepsHistory: draft.keepsHistory,
    feeds,
    ignoreSeconds: body.ignoreSeconds,
    ignore: toIgnoreSpec(body.ignore),
    checkIfIgnored: toIgnoreSpec(body.checkIfIgnored),
    description: compileDescription(body.description, dialect),
    info: body.info,
    cve: body.cve,
    mitre: resolveMitre(body.mitre),
    options: body.flags,
    span: body.span,
  };
  return { rule, children, feeds };
}

/**
 * Back from the sort key, node by node as the original does it: the key of level 0 is 9900, and a level of 100 or more (OSSEC)
 * is divided again at every further place of the rule.
 */
function finalLevel(body: RuleBody, nodeCount: number, context: CompileContext): number {
  // Level 0 with accuracy 0 keeps the 99 that only stands for "first": a slip that nobody can want.
  if (body.level === 0 && context.compat === 'default') return 0;
  let level = body.key;
  for (let node = 0; node < Math.min(nodeCount, 4); node++) {
    if (level === 9900) level = 0;
    if (level >= 100) level = Math.floor(level / 100);
  }
  return level;
}

function assembleCorrelation(draft: RuleDraft, dialect: Dialect): Correlation | undefined {
  const { body, search } = draft;
  // A rule with check_diff searches nothing, and an overwritten one keeps the search of its first definition.
  if (search === undefined || !body.contextual || body.checkDiff !== undefined) return undefined;
  const different = new Set(body.different);
  if (dialect === 'ossec' && search.kind === 'sid') different.delete('srcip');
  return {
    over:
      search.kind === 'sid'
        ? { kind: 'sid', sid: search.target === undefined ? '' : String(search.target.id) }
        : search.kind === 'group'
          ? { kind: 'group' }
          : { kind: 'recent', regex: body.ifMatchedRegex },
    frequency: dialect === 'ossec' ? body.frequency : body.frequency + 2,
    needed: body.frequency + 1,
    timeframe: body.timeframe,
    globalFrequency: body.globalFrequency || dialect === 'ossec',
    same: [...body.same],
    different: [...different],
    sameFields: body.sameFields.map(foldAscii),
    differentFields: body.differentFields.map(foldAscii),
  };
}

function toIgnoreSpec(words: RuleBody['ignore']): IgnoreSpec | undefined {
  return words === undefined ? undefined : { slots: new Set(words.slots), dynamic: words.dynamic };
}

const BEFORE_FIELDS: readonly TextSlot[] = [
  'program_name',
  'id',
  'system_name',
  'protocol',
  'match',
  'regex',
  'action',
  'url',
  'location',
];
const PORTS: readonly TextSlot[] = ['srcport', 'dstport'];
const USER_AND_PLACE: readonly TextSlot[] = ['user', 'srcgeoip', 'dstgeoip'];
const AFTER_CLOCK: readonly TextSlot[] = ['data', 'extra_data', 'hostname', 'status'];

/** The tests in the original's order (ruleset-engine 6.2). */
function assembleConditions(body: RuleBody, context: CompileContext): Condition[] {
  const { dialect } = context;
  const conditions: Condition[] = [];
  const addTexts = (slots: readonly TextSlot[]) => {
    for (const slot of slots) {
      // OSSEC consults the form with _pcre2 only where the plain one is absent.
      const text = body.texts.get(slot) ?? body.texts.get(`${slot}_pcre2`);
      if (text !== undefined) conditions.push(toCondition(text, dialect));
    }
  };
  const { decodedAs } = body;
  if (decodedAs !== undefined) {
    conditions.push({ kind: 'decoded_as', decoderId: decodedAs.id, name: decodedAs.name, span: decodedAs.span });
  }
  addTexts(BEFORE_FIELDS);
  conditions.push(...body.fields);
  for (const element of ['srcip', 'dstip'] as const) {
    const address = body.addresses.get(element);
    if (address !== undefined) conditions.push({ kind: 'address', element, ...address });
  }
  addTexts(PORTS);
  if (body.compiledRule !== undefined) conditions.push(body.compiledRule);
  addTexts(USER_AND_PLACE);
  if (body.maxsize > 0) conditions.push({ kind: 'maxsize', bytes: body.maxsize, span: body.span });
  if (body.time !== undefined) conditions.push({ kind: 'time', range: body.time.window, span: body.time.span });
  if (body.weekday !== undefined) conditions.push({ kind: 'weekday', ...body.weekday });
  addTexts(AFTER_CLOCK);
  if (body.checkDiff !== undefined) conditions.push({ kind: 'check_diff', span: body.checkDiff });
  if (body.ifFts !== undefined) conditions.push({ kind: 'if_fts', span: body.ifFts });
  // Of three lists and more the originals look up only the last two.
  conditions.push(...(context.compat === 'strict' && body.lists.length > 2 ? body.lists.slice(-2) : body.lists));
  return conditions;
}

function toCondition(text: TextCondition, dialect: Dialect): Condition {
  const { slot, element, matcher, negate, span } = text;
  return { kind: 'text', element, source: toSource(slot, dialect), matcher, negate, span };
}

function toSource(slot: TextSlot, dialect: Dialect): TextSource {
  switch (slot) {
    case 'match':
    case 'regex':
      return 'log';
    case 'program_name':
    case 'location':
    case 'hostname':
    case 'user':
      return slot;
    default:
      return staticSlot(slot, dialect) ?? slot;
  }
}
