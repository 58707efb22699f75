import type { SourceSpan } from '../diagnostics.ts';
import type { Matcher, Searcher } from '../matcher/types.ts';

/**
 * The compiled ruleset: everything that can be decided before the first event is decided here. Nothing in it changes
 * after `compile`; run state (histories, snapshots, counters) lives in the engine.
 */
export interface Ruleset {
  readonly dialect: Dialect;
  readonly compat: Compat;
  readonly decoders: {
    /** Roots tried for events with a program name, in order. */
    readonly withProgram: readonly Decoder[];
    /** Roots tried for the other events. */
    readonly withoutProgram: readonly Decoder[];
    /** Reported name to decoder id; the engine's internal decoders (`syscollector`, `windows_eventchannel` ...) included. */
    readonly ids: ReadonlyMap<string, number>;
  };
  /** Root rules in the order they are tried. */
  readonly roots: readonly Rule[];
  /** Every rule by id. */
  readonly rules: ReadonlyMap<string, Rule>;
  readonly lists: ReadonlyMap<string, LookupList>;
  /** Largest stored frequency of any rule: bounds the recent-event memory (ruleset-engine 6.6). */
  readonly memoryMaxAge: number;
  readonly settings: RulesetSettings;
  /** Digest of everything that was loaded; part of alert uids. */
  readonly fingerprint: string;
}

export type Dialect = 'wazuh' | 'ossec';
/** `strict`: bug for bug as the original; `default`: the deliberate differences of the compatibility page. */
export type Compat = 'default' | 'strict';

export interface RulesetSettings {
  /** Rules at or above this level alert. */
  readonly alertLevel: number;
  readonly emailLevel: number;
  /** Events kept for correlation (`global/memory_size`). */
  readonly memorySize: number;
  readonly decoderOrderSize: number;
  readonly defaultTimeframe: number;
  readonly ftsListSize: number;
  readonly ftsMinSizeForStr: number;
  /** OSSEC: entries of each per-rule history. */
  readonly sidPrevMatchedMax: number;
}

export type Category =
  | 'syslog'
  | 'ids'
  | 'firewall'
  | 'web-log'
  | 'squid'
  | 'windows'
  | 'host-information'
  | 'ossec'
  | 'ossec-alert';

/** Names with a slot of their own; the order is that of `data` in alerts.json where it matters (ruleset-engine 9.3). */
export const STATIC_FIELDS = [
  'protocol',
  'action',
  'srcip',
  'srcport',
  'srcuser',
  'dstip',
  'dstport',
  'dstuser',
  'id',
  'status',
  'url',
  'data',
  'extra_data',
  'system_name',
  'srcgeoip',
  'dstgeoip',
] as const;
export type StaticField = (typeof STATIC_FIELDS)[number];

export type FieldRef =
  | { readonly kind: 'static'; readonly name: StaticField; readonly slot: number }
  /** `key` is the name in ASCII lower case: look-ups ignore case. */
  | { readonly kind: 'dynamic'; readonly name: string; readonly key: string };

export type PluginName =
  | 'PF_Decoder'
  | 'SymantecWS_Decoder'
  | 'SonicWall_Decoder'
  | 'OSSECAlert_Decoder'
  | 'JSON_Decoder';

export type SearchStart = 'log' | 'after_parent' | 'after_prematch' | 'after_regex';

export interface Decoder {
  /** Reported name: the parent's unless `use_own_name`. */
  readonly name: string;
  /** Name as written. */
  readonly ownName: string;
  readonly parent: string | undefined;
  /** Identity for `decoded_as`: equal names share an id. */
  readonly id: number;
  readonly type: Category;
  readonly programName: Matcher | undefined;
  readonly prematch: { readonly search: Searcher; readonly start: SearchStart } | undefined;
  readonly regex:
    | { readonly search: Searcher; readonly start: SearchStart; readonly order: readonly FieldRef[] }
    | undefined;
  readonly plugin: { readonly name: PluginName; readonly start: SearchStart } | undefined;
  readonly fts: FtsSpec | undefined;
  readonly ftsComment: string | undefined;
  readonly accumulate: boolean;
  readonly jsonNullField: 'string' | 'discard' | 'empty';
  readonly jsonArrayStructure: 'array' | 'csv';
  /** Go on with the physically next sibling. */
  readonly getNext: boolean;
  /** Only roots have children. */
  readonly children: readonly Decoder[];
  readonly span: SourceSpan;
}

/** Which slots make the first-time-seen key (ruleset-engine 8.2). */
export interface FtsSpec {
  readonly slots: ReadonlySet<
    'name' | 'id' | 'dstuser' | 'srcuser' | 'srcip' | 'dstip' | 'data' | 'system_name' | 'location'
  >;
  /** Dynamic names, in the decoder's order. */
  readonly dynamic: readonly string[];
}

export interface Rule {
  /** Digits as in the attribute. */
  readonly id: string;
  readonly level: number;
  readonly noalert: boolean;
  readonly category: Category;
  /** Group text: root name and every inner `<group>`, joined as they are. */
  readonly groupText: string;
  /** Group text split on commas, empty pieces dropped, compliance tags moved out. */
  readonly groups: readonly string[];
  readonly compliance: ReadonlyMap<string, readonly string[]>;
  /** Tests in the original's order; evaluation may reorder only pure ones. */
  readonly conditions: readonly Condition[];
  readonly correlation: Correlation | undefined;
  /** Children in the order they are tried. One rule object may be a child of several parents. */
  readonly children: readonly Rule[];
  /** Its final events go to a list of its own, since some `if_matched_sid` names it. */
  readonly keepsHistory: boolean;
  /**
   * Rules with `if_matched_group` that its final events feed (only when `keepsHistory` is false). A rule that stands in several
   * places of the original's tree feeds a listener as often: it is here several times, but no more often than it takes to fire.
   */
  readonly feeds: readonly Rule[];
  /** Seconds of the `ignore` attribute, 0 for none. */
  readonly ignoreSeconds: number;
  /** `<ignore>` and `<check_if_ignored>` elements. */
  readonly ignore: IgnoreSpec | undefined;
  readonly checkIfIgnored: IgnoreSpec | undefined;
  readonly description: DescriptionTemplate;
  readonly info: string | undefined;
  readonly cve: string | undefined;
  /**
   * Technique ids as written, names of those that are known. Without a tactic no id is known: alerts then show no MITRE part.
   */
  readonly mitre:
    | { readonly id: readonly string[]; readonly tactic: readonly string[]; readonly technique: readonly string[] }
    | undefined;
  readonly options: {
    readonly log: boolean;
    readonly mail: boolean;
    readonly noFullLog: boolean;
    readonly noCounter: boolean;
    readonly noActiveResponse: boolean;
  };
  readonly span: SourceSpan;
}

/** Where the text of a condition comes from; `log` is the text after the header. */
export type TextSource =
  | 'log'
  | 'program_name'
  | 'location'
  | 'hostname'
  /** dstuser, else srcuser. */
  | 'user'
  | StaticField;

export type Condition =
  | { readonly kind: 'decoded_as'; readonly decoderId: number; readonly name: string; readonly span: SourceSpan }
  | {
      readonly kind: 'text';
      /** XML word. */
      readonly element: string;
      readonly source: TextSource;
      readonly matcher: Matcher;
      readonly negate: boolean;
      readonly span: SourceSpan;
    }
  | {
      readonly kind: 'field';
      readonly field: FieldRef;
      readonly matcher: Matcher;
      readonly negate: boolean;
      readonly span: SourceSpan;
    }
  | {
      readonly kind: 'address';
      readonly element: 'srcip' | 'dstip';
      readonly matcher: AddressMatcher;
      readonly negate: boolean;
      readonly span: SourceSpan;
    }
  | { readonly kind: 'compiled_rule'; readonly name: CompiledRuleName; readonly span: SourceSpan }
  | { readonly kind: 'maxsize'; readonly bytes: number; readonly span: SourceSpan }
  | { readonly kind: 'time'; readonly range: TimeRange; readonly span: SourceSpan }
  /** Index 0 is Sunday. */
  | { readonly kind: 'weekday'; readonly days: readonly boolean[]; readonly span: SourceSpan }
  | { readonly kind: 'check_diff'; readonly span: SourceSpan }
  | { readonly kind: 'if_fts'; readonly span: SourceSpan }
  | {
      readonly kind: 'list';
      readonly field: FieldRef | { readonly kind: 'event'; readonly name: 'program_name' | 'hostname' | 'user' };
      readonly list: LookupList;
      readonly lookup: ListLookup;
      readonly checkValue: Matcher | undefined;
      readonly span: SourceSpan;
    };

export type ListLookup =
  | 'match_key'
  | 'not_match_key'
  | 'match_key_value'
  | 'address_match_key'
  | 'not_address_match_key'
  | 'address_match_key_value';

export type CompiledRuleName =
  | 'comp_srcuser_dstuser'
  | 'check_id_size'
  | 'comp_mswin_targetuser_calleruser_diff'
  | 'is_simple_http_request'
  | 'is_valid_crawler';

/** Minutes since midnight, both ends inside; `negate` holds outside of the range. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
  readonly negate: boolean;
}

export interface AddressMatcher {
  /** Undefined where the text is no address. */
  test(address: string): boolean | undefined;
}

/** A CDB list; its content may be swapped between batches, the object stays. */
export interface LookupList {
  /** Path or name by which rules refer to it. */
  readonly name: string;
  get(key: string): string | undefined;
}

export interface Correlation {
  readonly over: /** `sid` is empty where the rule to count was not loaded yet: such a rule never fires. */
    | { readonly kind: 'sid'; readonly sid: string }
    | { readonly kind: 'group' }
    | { readonly kind: 'recent'; readonly regex: Matcher | undefined };
  /** Attribute as written, for alerts (2 where absent). */
  readonly frequency: number;
  /** Qualifying past events needed (ruleset-engine 6.7; the dialect is already applied). */
  readonly needed: number;
  /** Seconds. */
  readonly timeframe: number;
  readonly globalFrequency: boolean;
  readonly same: readonly CorrelationKey[];
  readonly different: readonly CorrelationKey[];
  /** Dynamic names, lower case. */
  readonly sameFields: readonly string[];
  readonly differentFields: readonly string[];
}

export type CorrelationKey = StaticField | 'user' | 'location';

export interface IgnoreSpec {
  readonly slots: ReadonlySet<'name' | 'id' | 'dstuser' | 'srcip' | 'dstip' | 'data' | 'system_name' | 'location'>;
  readonly dynamic: readonly string[];
}

export interface DescriptionTemplate {
  readonly raw: string;
  /** Literal texts and field names by turns; undefined where there is nothing to expand. */
  readonly parts: readonly DescriptionPart[] | undefined;
}

export type DescriptionPart =
  | { readonly text: string }
  | { readonly field: FieldRef | { readonly kind: 'event'; readonly name: 'program_name' | 'hostname' } };
