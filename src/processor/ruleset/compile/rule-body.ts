import type { SourceSpan } from '../diagnostics.ts';
import type { Matcher } from '../matcher/types.ts';
import type { CategoryName, CompareKey, IgnoreWords, SourceFile, TextSlot, TimeWindow } from '../parse/ast.ts';
import type { AddressMatcher, Condition, LookupList } from './ruleset.ts';

/**
 * What a rule's text says, compiled, but not yet placed among the others: what `overwrite="yes"` replaces as a whole
 * (ruleset-engine 2.7).
 */
export interface RuleBody {
  id: number;
  /** As in the attribute. */
  level: number;
  /** Sort key among siblings: level by 100, level 0 as 99, without the factor for `accuracy="0"`. */
  key: number;
  noalert: boolean;
  maxsize: number;
  /** Stored form: the dialect's subtraction is done. */
  frequency: number;
  timeframe: number;
  ignoreSeconds: number;
  category: CategoryName;
  groupText: string;
  /** The group text in lower case, for `if_group`. */
  foldedGroups: string;
  description: string;
  info: string | undefined;
  cve: string | undefined;
  mitre: MitreReference | undefined;
  flags: { log: boolean; mail: boolean; noFullLog: boolean; noCounter: boolean; noActiveResponse: boolean };
  decodedAs: { id: number; name: string; span: SourceSpan } | undefined;
  /** Keys are slots; the OSSEC forms have `_pcre2` behind the slot. */
  texts: Map<string, TextCondition>;
  fields: Extract<Condition, { kind: 'field' }>[];
  addresses: Map<'srcip' | 'dstip', { matcher: AddressMatcher; negate: boolean; span: SourceSpan }>;
  lists: Extract<Condition, { kind: 'list' }>[];
  compiledRule: Extract<Condition, { kind: 'compiled_rule' }> | undefined;
  time: { window: TimeWindow; span: SourceSpan } | undefined;
  weekday: { days: readonly boolean[]; span: SourceSpan } | undefined;
  checkDiff: SourceSpan | undefined;
  ifFts: SourceSpan | undefined;
  /** Has some `if_matched_...` or `check_diff`. */
  contextual: boolean;
  globalFrequency: boolean;
  same: Set<CompareKey>;
  different: Set<CompareKey>;
  sameFields: string[];
  differentFields: string[];
  ignore: IgnoreWords | undefined;
  checkIfIgnored: IgnoreWords | undefined;
  ifSid: string | undefined;
  ifLevel: string | undefined;
  ifGroup: string | undefined;
  ifMatchedSid: number;
  ifMatchedGroup: { text: string; matcher: Matcher } | undefined;
  ifMatchedRegex: Matcher | undefined;
  file: SourceFile;
  span: SourceSpan;
  /** Where the parents are named, for complaints. */
  parentSpan: SourceSpan;
}

export interface TextCondition {
  readonly slot: TextSlot;
  readonly element: string;
  readonly matcher: Matcher;
  readonly negate: boolean;
  readonly span: SourceSpan;
}

/** Techniques of `<mitre>`: the old form names techniques only, the new one pairs. */
export type MitreReference =
  | { readonly form: 'techniques'; readonly ids: readonly string[] }
  | { readonly form: 'pairs'; readonly pairs: readonly { readonly tactic: string; readonly technique: string }[] };

/** List that a rule names but nobody configured (OSSEC): every look-up fails. */
export class AbsentList implements LookupList {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get(_key: string): undefined {
    return undefined;
  }
}
