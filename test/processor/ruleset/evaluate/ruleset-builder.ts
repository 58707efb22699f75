import type {
  Compat,
  Condition,
  Correlation,
  Decoder,
  Dialect,
  FieldRef,
  Rule,
  Ruleset,
  StaticField,
} from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { STATIC_FIELDS } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import type { Matcher, Searcher } from '../../../../src/processor/ruleset/matcher/types.ts';

/** Rulesets by hand, for tests of the engine alone: matchers are JavaScript patterns. */
const span = { file: 'test.xml', line: 1, column: 1, offset: 0 };

export function matcher(pattern: RegExp): Matcher {
  return { language: 'pcre2', pattern: pattern.source, test: (text) => pattern.test(text) };
}

export function searcher(pattern: RegExp): Searcher {
  return {
    ...matcher(pattern),
    search(text, from) {
      const found = pattern.exec(text.slice(from));
      return found ? { resume: from + found.index + found[0].length, captures: found.slice(1) } : undefined;
    },
  };
}

export function ref(name: string): FieldRef {
  const slot = STATIC_FIELDS.indexOf(name as StaticField);
  return slot < 0
    ? { kind: 'dynamic', name, key: name.toLowerCase() }
    : { kind: 'static', name: name as StaticField, slot };
}

export function decoder(name: string, parts: Partial<Decoder> = {}): Decoder {
  return {
    name,
    ownName: name,
    parent: undefined,
    id: 1,
    type: 'syslog',
    programName: undefined,
    prematch: undefined,
    regex: undefined,
    plugin: undefined,
    fts: undefined,
    ftsComment: undefined,
    accumulate: false,
    jsonNullField: 'string',
    jsonArrayStructure: 'array',
    getNext: false,
    children: [],
    span,
    ...parts,
  };
}

export const condition = {
  match: (pattern: RegExp): Condition => ({
    kind: 'text',
    element: 'match',
    source: 'log',
    matcher: matcher(pattern),
    negate: false,
    span,
  }),
  field: (name: string, pattern: RegExp, negate = false): Condition => ({
    kind: 'field',
    field: ref(name),
    matcher: matcher(pattern),
    negate,
    span,
  }),
  diff: (): Condition => ({ kind: 'check_diff', span }),
  fts: (): Condition => ({ kind: 'if_fts', span }),
};

export function rule(id: string, level: number, parts: Partial<Rule> = {}): Rule {
  return {
    id,
    level,
    noalert: false,
    category: 'syslog',
    groupText: 'test,',
    groups: ['test'],
    compliance: new Map(),
    conditions: [],
    correlation: undefined,
    children: [],
    keepsHistory: false,
    feeds: [],
    ignoreSeconds: 0,
    ignore: undefined,
    checkIfIgnored: undefined,
    description: { raw: `rule ${id}`, parts: undefined },
    info: undefined,
    cve: undefined,
    mitre: undefined,
    options: { log: level > 0, mail: false, noFullLog: false, noCounter: false, noActiveResponse: false },
    span,
    ...parts,
  };
}

export function correlation(sid: string, parts: Partial<Correlation> = {}): Correlation {
  return {
    over: { kind: 'sid', sid },
    frequency: 2,
    needed: 1,
    timeframe: 60,
    globalFrequency: false,
    same: [],
    different: [],
    sameFields: [],
    differentFields: [],
    ...parts,
  };
}

export interface RulesetParts {
  readonly dialect?: Dialect;
  readonly compat?: Compat;
  readonly decoders?: readonly Decoder[];
  readonly memorySize?: number;
  readonly memoryMaxAge?: number;
  readonly internal?: readonly string[];
}

/** One noalert root of category syslog over the given rules, and one of category ossec over the same. */
export function ruleset(children: readonly Rule[], parts: RulesetParts = {}): Ruleset {
  const roots = [
    rule('1', 0, { noalert: true, children }),
    rule('7', 0, { noalert: true, children, category: 'ossec' }),
  ];
  const rules = new Map<string, Rule>();
  const collect = (found: readonly Rule[]) => {
    for (const one of found) {
      if (rules.has(one.id)) continue;
      rules.set(one.id, one);
      collect(one.children);
    }
  };
  collect(roots);
  const decoders = parts.decoders ?? [];
  return {
    dialect: parts.dialect ?? 'wazuh',
    compat: parts.compat ?? 'default',
    decoders: {
      withProgram: decoders.filter((one) => one.programName),
      withoutProgram: decoders.filter((one) => !one.programName),
      ids: new Map((parts.internal ?? []).map((name, index) => [name, 900 + index])),
    },
    roots,
    rules,
    lists: new Map(),
    memoryMaxAge: parts.memoryMaxAge ?? 0,
    settings: {
      alertLevel: 3,
      emailLevel: 12,
      memorySize: parts.memorySize ?? 8192,
      decoderOrderSize: 256,
      defaultTimeframe: 360,
      ftsListSize: 32,
      ftsMinSizeForStr: 14,
      sidPrevMatchedMax: 128,
    },
    fingerprint: 'test',
  };
}
