import type { SourceSpan } from '../../processor/ruleset/diagnostics.ts';
import type { DecoderAst, RuleAst, RuleElement, SourceFile } from '../../processor/ruleset/parse/ast.ts';

/** A feature that the migration guide of Wazuh 5 calls unsupported, and who uses it. */
export interface DroppedFeature {
  readonly name: string;
  readonly note: string;
  readonly users: readonly FeatureUser[];
}

export interface FeatureUser {
  /** Rule id or decoder name. */
  readonly name: string;
  readonly span: SourceSpan;
}

export interface Wazuh5Report {
  readonly rules: number;
  readonly decoders: number;
  readonly lists: number;
  readonly ruleFeatures: readonly DroppedFeature[];
  readonly decoderFeatures: readonly DroppedFeature[];
  /** Rules with at least one of the features. */
  readonly affectedRules: number;
  /** Of those, rules that would lose more than chaining and raw patterns: memory, lists, clock. */
  readonly inexpressibleRules: number;
  readonly affectedDecoders: number;
}

interface RuleFeature {
  readonly name: string;
  readonly note: string;
  /** Rewriting the rule on its own does not bring it back. */
  readonly inexpressible: boolean;
  has(rule: RuleAst): boolean;
}

type Kind = RuleElement['statement']['kind'];

const withElement =
  (...kinds: Kind[]) =>
  (rule: RuleAst) =>
    rule.elements.some(({ statement }) => kinds.includes(statement.kind));

const hasList = (lookups: (lookup: string) => boolean) => (rule: RuleAst) =>
  rule.elements.some(({ statement }) => statement.kind === 'list' && lookups(statement.lookup));

/** From the guide that comes with Wazuh 5.0 (beta); order as people ask for it. */
const RULE_FEATURES: readonly RuleFeature[] = [
  {
    name: 'if_sid, if_group, if_level',
    note: 'rules stand alone: each has to carry the conditions of all rules above it',
    inexpressible: false,
    has: withElement('if_sid', 'if_group', 'if_level'),
  },
  {
    name: 'if_matched_sid, if_matched_group, if_matched_regex',
    note: 'no correlation of events',
    inexpressible: true,
    has: withElement('if_matched_sid', 'if_matched_group', 'if_matched_regex'),
  },
  {
    name: 'frequency, timeframe',
    note: 'no counting within a time',
    inexpressible: true,
    has: ({ attributes }) =>
      attributes !== undefined && (attributes.frequency > 0 || attributes.timeframe !== undefined),
  },
  {
    name: 'same_*, different_*',
    note: 'no comparison between events',
    inexpressible: true,
    has: withElement('same', 'different', 'same_field', 'different_field', 'unset_same'),
  },
  {
    name: 'global_frequency',
    note: 'no counting across agents',
    inexpressible: true,
    has: withElement('global_frequency'),
  },
  { name: 'if_fts', note: 'no memory of what was seen before', inexpressible: true, has: withElement('if_fts') },
  {
    name: 'check_diff',
    note: 'no comparison with the last output; the guide points to monitoring outside',
    inexpressible: true,
    has: withElement('check_diff'),
  },
  { name: 'list', note: 'lists are looked up in decoders alone', inexpressible: true, has: hasList(() => true) },
  {
    name: 'list with address_match_key',
    note: 'look-ups by network have no equivalent',
    inexpressible: true,
    has: hasList((lookup) => lookup.includes('address')),
  },
  {
    name: 'time, weekday',
    note: 'no conditions on the clock',
    inexpressible: true,
    has: withElement('time', 'weekday'),
  },
  {
    name: 'ignore',
    note: 'no silence after an alert',
    inexpressible: true,
    has: (rule) => (rule.attributes?.ignore ?? 0) > 0 || withElement('ignore', 'check_if_ignored')(rule),
  },
  {
    name: 'maxsize',
    note: 'no condition on the size of a log',
    inexpressible: false,
    has: (rule) => (rule.attributes?.maxsize ?? 0) > 0,
  },
  { name: 'options', note: 'no_full_log, no_log and the others', inexpressible: false, has: withElement('options') },
  {
    name: 'match, regex',
    note: 'no search in the raw log: only in fields that a decoder took out of it',
    inexpressible: false,
    has: (rule) =>
      rule.elements.some(
        ({ statement }) => statement.kind === 'text' && (statement.slot === 'match' || statement.slot === 'regex'),
      ),
  },
];

interface DecoderFeature {
  readonly name: string;
  readonly note: string;
  has(decoder: DecoderAst): boolean;
}

const DECODER_FEATURES: readonly DecoderFeature[] = [
  { name: 'plugin_decoder', note: 'parsers of the new engine instead', has: ({ plugin }) => plugin !== undefined },
  { name: 'json_null_field', note: 'no equivalent', has: ({ jsonNullField }) => jsonNullField !== 'string' },
  { name: 'fts', note: 'no memory of what was seen before', has: ({ fts }) => fts !== undefined },
  { name: 'ftscomment', note: 'goes with fts', has: ({ ftsComment }) => ftsComment !== undefined },
  { name: 'accumulate', note: 'no joining of fields over several events', has: ({ accumulate }) => accumulate },
  { name: 'use_own_name', note: 'no equivalent', has: ({ useOwnName }) => useOwnName },
  {
    name: 'offset',
    note: 'no equivalent',
    has: ({ prematch, regex, plugin }) => [prematch, regex, plugin].some((part) => part?.offset !== undefined),
  },
];

/** What Wazuh 5 would drop of a ruleset. */
export function reportWazuh5(content: {
  readonly rules: readonly RuleAst[];
  readonly decoders: readonly DecoderAst[];
  readonly lists: number;
  readonly files: readonly SourceFile[];
}): Wazuh5Report {
  const { rules, decoders, lists, files } = content;
  const ruleFeatures = RULE_FEATURES.map(({ name, note, has }) => ({
    name,
    note,
    users: rules.filter(has).map((rule) => ({ name: String(rule.attributes?.id ?? '?'), span: rule.span })),
  }));
  const decoderFeatures = DECODER_FEATURES.map(({ name, note, has }) => ({
    name,
    note,
    users: decoders.filter(has).map((decoder) => ({ name: decoder.name, span: decoder.span })),
  }));
  const inexpressible = RULE_FEATURES.filter((feature) => feature.inexpressible);
  return {
    rules: rules.length,
    decoders: decoders.length,
    lists,
    ruleFeatures: [
      ...ruleFeatures,
      { name: 'var', note: 'no variables in rule files', users: files.flatMap(findVariables) },
    ],
    decoderFeatures,
    affectedRules: rules.filter((rule) => RULE_FEATURES.some(({ has }) => has(rule))).length,
    inexpressibleRules: rules.filter((rule) => inexpressible.some(({ has }) => has(rule))).length,
    affectedDecoders: decoders.filter((decoder) => DECODER_FEATURES.some(({ has }) => has(decoder))).length,
  };
}

/** `<var>` elements outside of comments; the parsed rules have their values in them already. */
function findVariables({ path, content }: SourceFile): FeatureUser[] {
  const text = content.replace(/<!--[\s\S]*?-->/g, (comment) => comment.replace(/[^\n]/g, ' '));
  return [...text.matchAll(/<var\s+name\s*=\s*["']([^"']*)["']/gi)].map((match) => {
    const before = text.slice(0, match.index);
    const line = before.split('\n').length;
    const column = match.index - before.lastIndexOf('\n');
    return { name: match[1]!, span: { file: path, line, column, offset: match.index } };
  });
}
