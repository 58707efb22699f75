import type { CategoryName, Dialect, ExpressionLanguage, IgnoreSlot, ListLookupName, RuleOption } from './ast.ts';

export const LANGUAGES: Record<string, ExpressionLanguage> = { osregex: 'osregex', osmatch: 'osmatch', pcre2: 'pcre2' };

export const CATEGORIES: readonly CategoryName[] = [
  'firewall',
  'ids',
  'syslog',
  'web-log',
  'squid',
  'windows',
  'ossec',
];

/** `<field>` looks up dynamic fields only, and these names can never be such. */
export const STATIC_NAMES = new Set([
  'srcip',
  'dstip',
  'srcgeoip',
  'dstgeoip',
  'srcport',
  'dstport',
  'user',
  'srcuser',
  'dstuser',
  'url',
  'id',
  'data',
  'extra_data',
  'status',
  'protocol',
  'system_name',
  'action',
]);

export const LOOKUPS = new Set<string>([
  'match_key',
  'not_match_key',
  'match_key_value',
  'address_match_key',
  'not_address_match_key',
  'address_match_key_value',
] satisfies ListLookupName[]);

/** Fields that OSSEC looks up in lists; Wazuh takes any name. */
export const OSSEC_LIST_FIELDS = new Set([
  'srcip',
  'srcport',
  'dstip',
  'dstport',
  'user',
  'url',
  'id',
  'hostname',
  'program_name',
  'status',
  'action',
]);

export const OPTIONS: Record<Dialect, readonly RuleOption[]> = {
  wazuh: ['alert_by_email', 'no_email_alert', 'log_alert', 'no_log', 'no_ar', 'no_full_log', 'no_counter'],
  ossec: ['alert_by_email', 'no_email_alert', 'log_alert', 'no_log', 'no_ar'],
};

export const IGNORE_WORDS: readonly (readonly [word: string, slot: IgnoreSlot])[] = [
  ['user', 'dstuser'],
  ['srcip', 'srcip'],
  ['dstip', 'dstip'],
  ['id', 'id'],
  ['location', 'location'],
  ['data', 'data'],
  ['name', 'name'],
];
