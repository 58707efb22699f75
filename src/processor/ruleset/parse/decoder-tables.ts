import type { CategoryName, Dialect, FtsSlot, OffsetName, PluginDecoderName } from './ast.ts';

export const DECODER_TYPES: readonly CategoryName[] = [
  'firewall',
  'ids',
  'web-log',
  'syslog',
  'squid',
  'windows',
  'host-information',
  'ossec',
];

export const PLUGINS: Record<Dialect, readonly PluginDecoderName[]> = {
  wazuh: ['PF_Decoder', 'SymantecWS_Decoder', 'SonicWall_Decoder', 'OSSECAlert_Decoder', 'JSON_Decoder'],
  ossec: ['PF_Decoder', 'SymantecWS_Decoder', 'SonicWall_Decoder', 'OSSECAlert_Decoder'],
};

export const OFFSETS: readonly OffsetName[] = ['after_parent', 'after_prematch', 'after_regex'];

export const FTS_WORDS = new Map<string, FtsSlot>([
  ['dstuser', 'dstuser'],
  ['user', 'dstuser'],
  ['srcuser', 'srcuser'],
  ['srcip', 'srcip'],
  ['dstip', 'dstip'],
  ['id', 'id'],
  ['location', 'location'],
  ['data', 'data'],
  ['extra_data', 'data'],
  ['system_name', 'system_name'],
  ['name', 'name'],
]);

/** Names of `<order>` with a slot of their own; they compare with their case. */
export const STATIC_ORDER_NAMES: ReadonlySet<string> = new Set([
  'dstuser',
  'srcuser',
  'user',
  'srcip',
  'dstip',
  'srcport',
  'dstport',
  'protocol',
  'action',
  'id',
  'url',
  'data',
  'extra_data',
  'status',
  'system_name',
]);

export const DECODER_ELEMENTS: Record<Dialect, readonly string[]> = {
  wazuh: [
    'parent',
    'program_name',
    'prematch',
    'regex',
    'order',
    'type',
    'plugin_decoder',
    'fts',
    'ftscomment',
    'use_own_name',
    'accumulate',
    'json_null_field',
    'json_array_structure',
  ],
  ossec: [
    'parent',
    'program_name',
    'program_name_pcre2',
    'prematch',
    'prematch_pcre2',
    'regex',
    'pcre2',
    'order',
    'type',
    'plugin_decoder',
    'fts',
    'ftscomment',
    'use_own_name',
    'accumulate',
  ],
};
