import type { Diagnostic, SourceSpan } from '../diagnostics.ts';

/** Whose rules are read: decides what is accepted and what it means. */
export type Dialect = 'wazuh' | 'ossec';

/** A file as it was read; `content` is bytes (one character each). */
export interface SourceFile {
  /** Path for diagnostics. */
  path: string;
  /** Base name: sort key in the wazuh dialect, `security_rule.ruleset.name` of alerts. */
  name: string;
  content: string;
}

/** One element of the originals' XML dialect, after `<var>` substitution. */
export interface XmlElement {
  name: string;
  attributes: readonly XmlAttribute[];
  /** Text as the original keeps it (of mixed content, what follows the last child). */
  content: string;
  children: readonly XmlElement[];
  span: SourceSpan;
}

export interface XmlAttribute {
  name: string;
  value: string;
  span: SourceSpan;
}

/** Languages that `type` may name; `exact` is the default of `action`. */
export type ExpressionLanguage = 'osmatch' | 'osregex' | 'pcre2' | 'exact';

/** Decoder types and rule categories. */
export type CategoryName =
  | 'syslog'
  | 'ids'
  | 'firewall'
  | 'web-log'
  | 'squid'
  | 'windows'
  | 'host-information'
  | 'ossec';

// ---- rules

export interface RuleFileAst {
  readonly file: SourceFile;
  readonly rules: readonly RuleAst[];
}

export interface RuleAst {
  /** Undefined where the attributes are not usable; then `problems` has a fatal one. */
  readonly attributes: RuleAttributes | undefined;
  /** `name` of the `<group>` around it. */
  readonly groupName: string;
  /** Child elements in file order: order and repetition mean something. */
  readonly elements: readonly RuleElement[];
  /** Found in the attributes; those of the elements are with them, since a rule that is skipped has no elements. */
  readonly problems: readonly Diagnostic[];
  readonly file: SourceFile;
  readonly span: SourceSpan;
}

export interface RuleAttributes {
  readonly id: number;
  readonly level: number;
  readonly maxsize: number;
  /** Seconds; undefined is the default. */
  readonly timeframe: number | undefined;
  /** As it is stored: the dialect's subtraction is done. */
  readonly frequency: number;
  /** False for `accuracy="0"`: sorts behind its siblings. */
  readonly accurate: boolean;
  readonly noalert: boolean;
  /** Seconds. */
  readonly ignore: number;
  readonly overwrite: boolean;
}

/** Where the pieces of one pattern come together; the OSSEC forms with `_pcre2` are slots of their own. */
export type TextSlot =
  | 'match'
  | 'regex'
  | 'id'
  | 'status'
  | 'action'
  | 'url'
  | 'program_name'
  | 'extra_data'
  | 'data'
  | 'user'
  | 'location'
  | 'hostname'
  | 'srcport'
  | 'dstport'
  | 'protocol'
  | 'system_name'
  | 'srcgeoip'
  | 'dstgeoip';

/** Names that `same_...` and `different_...` compare. */
export type CompareKey =
  | 'srcip'
  | 'dstip'
  | 'srcport'
  | 'dstport'
  | 'protocol'
  | 'action'
  | 'id'
  | 'url'
  | 'data'
  | 'extra_data'
  | 'status'
  | 'system_name'
  | 'srcgeoip'
  | 'dstgeoip'
  | 'srcuser'
  | 'user'
  | 'location';

export type ListLookupName =
  | 'match_key'
  | 'not_match_key'
  | 'match_key_value'
  | 'address_match_key'
  | 'not_address_match_key'
  | 'address_match_key_value';

export type RuleOption =
  | 'alert_by_email'
  | 'no_email_alert'
  | 'log_alert'
  | 'no_log'
  | 'no_ar'
  | 'no_full_log'
  | 'no_counter';

/** Words of `<ignore>` and `<check_if_ignored>` as slots of the ignore store; other words are dynamic fields. */
export type IgnoreSlot = 'name' | 'id' | 'dstuser' | 'srcip' | 'dstip' | 'data' | 'location';

export interface IgnoreWords {
  readonly slots: readonly IgnoreSlot[];
  readonly dynamic: readonly string[];
}

/** Minutes since midnight, both ends inside. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
  readonly negate: boolean;
}

/** What a child element of a rule says. `skip` drops the rule (a warning in the original), `invalid` stops the original. */
export type RuleStatement =
  | { readonly kind: 'invalid' }
  | { readonly kind: 'skip' }
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'text';
      readonly slot: TextSlot;
      /** Written with `_pcre2` (OSSEC). */
      readonly pcre2Form: boolean;
      readonly text: string;
      readonly language: ExpressionLanguage;
      readonly negate: boolean;
    }
  | {
      readonly kind: 'field';
      readonly field: string;
      readonly text: string;
      readonly language: ExpressionLanguage;
      readonly negate: boolean;
    }
  | { readonly kind: 'address'; readonly slot: 'srcip' | 'dstip'; readonly text: string; readonly negate: boolean }
  | {
      readonly kind: 'list';
      readonly field: string;
      readonly lookup: ListLookupName;
      readonly checkValue: string | undefined;
      readonly path: string;
    }
  | { readonly kind: 'decoded_as'; readonly decoder: string }
  | { readonly kind: 'category'; readonly category: CategoryName }
  | { readonly kind: 'time'; readonly window: TimeWindow }
  | { readonly kind: 'weekday'; readonly days: readonly boolean[] }
  | { readonly kind: 'compiled_rule'; readonly name: string }
  | { readonly kind: 'check_diff' }
  | { readonly kind: 'if_fts' }
  | { readonly kind: 'if_sid'; readonly text: string }
  | { readonly kind: 'if_level'; readonly text: string }
  | { readonly kind: 'if_group'; readonly text: string }
  | { readonly kind: 'if_matched_sid'; readonly sid: number }
  | { readonly kind: 'if_matched_group'; readonly text: string }
  | { readonly kind: 'if_matched_regex'; readonly text: string }
  | { readonly kind: 'same'; readonly key: CompareKey }
  | { readonly kind: 'different'; readonly key: CompareKey }
  /** OSSEC `not_same_...`: takes back a `same_...` before it. */
  | { readonly kind: 'unset_same'; readonly key: CompareKey }
  | { readonly kind: 'same_field'; readonly field: string }
  | { readonly kind: 'different_field'; readonly field: string }
  | { readonly kind: 'global_frequency' }
  | { readonly kind: 'options'; readonly option: RuleOption }
  | { readonly kind: 'ignore'; readonly words: IgnoreWords }
  | { readonly kind: 'check_if_ignored'; readonly words: IgnoreWords }
  | { readonly kind: 'group'; readonly text: string }
  | { readonly kind: 'description'; readonly text: string }
  | { readonly kind: 'info'; readonly text: string }
  | { readonly kind: 'cve'; readonly text: string }
  | { readonly kind: 'mitre'; readonly block: MitreBlock };

export interface MitreBlock {
  readonly ids: readonly string[];
  readonly tacticIds: readonly string[];
  readonly techniqueIds: readonly string[];
  /** The block is malformed and counts for nothing. */
  readonly broken: boolean;
}

export interface RuleElement {
  /** Name as written. */
  readonly name: string;
  readonly statement: RuleStatement;
  /** Complaints of the loader about this element. */
  readonly problems: readonly Diagnostic[];
  readonly span: SourceSpan;
}

// ---- decoders

export interface DecoderFileAst {
  readonly file: SourceFile;
  readonly decoders: readonly DecoderAst[];
}

export type OffsetName = 'after_parent' | 'after_prematch' | 'after_regex';

export type PluginDecoderName =
  | 'PF_Decoder'
  | 'SymantecWS_Decoder'
  | 'SonicWall_Decoder'
  | 'OSSECAlert_Decoder'
  | 'JSON_Decoder';

export interface DecoderAst {
  readonly name: string;
  readonly parent: string | undefined;
  readonly type: CategoryName;
  readonly programName: DecoderExpression | undefined;
  readonly prematch: (DecoderExpression & { readonly offset: OffsetName | undefined }) | undefined;
  readonly regex: (DecoderExpression & { readonly offset: OffsetName | undefined }) | undefined;
  /** Names as written, `user` too; undefined without `<order>`. */
  readonly order: readonly string[] | undefined;
  readonly plugin: { readonly name: PluginDecoderName; readonly offset: OffsetName | undefined } | undefined;
  readonly fts: FtsWords | undefined;
  readonly ftsComment: string | undefined;
  readonly useOwnName: boolean;
  readonly accumulate: boolean;
  readonly jsonNullField: 'string' | 'discard' | 'empty';
  readonly jsonArrayStructure: 'array' | 'csv';
  readonly span: SourceSpan;
}

export interface DecoderExpression {
  readonly text: string;
  readonly language: ExpressionLanguage;
  readonly span: SourceSpan;
}

export type FtsSlot = 'name' | 'id' | 'dstuser' | 'srcuser' | 'srcip' | 'dstip' | 'data' | 'system_name' | 'location';

export interface FtsWords {
  readonly slots: readonly FtsSlot[];
  /** Dynamic names, in the order of `<order>`. */
  readonly dynamic: readonly string[];
}
