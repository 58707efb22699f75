import type { CompareKey, Dialect, ExpressionLanguage, TextSlot } from './ast.ts';

/** What an element name stands for; the parsers of `rule.ts` take it from here. */
export type ElementRole =
  | {
      readonly role: 'text';
      readonly slot: TextSlot;
      readonly language: ExpressionLanguage;
      readonly pcre2Form: boolean;
    }
  | { readonly role: 'same' | 'different' | 'unset_same'; readonly key: CompareKey }
  | { readonly role: SpecialRole };

export type SpecialRole =
  | 'address'
  | 'category'
  | 'check_diff'
  | 'check_if_ignored'
  | 'compiled_rule'
  | 'cve'
  | 'decoded_as'
  | 'deprecated'
  | 'description'
  | 'different_field'
  | 'field'
  | 'global_frequency'
  | 'group'
  | 'if_fts'
  | 'if_group'
  | 'if_level'
  | 'if_matched_group'
  | 'if_matched_regex'
  | 'if_matched_sid'
  | 'if_sid'
  | 'ignore'
  | 'info'
  | 'list'
  | 'mitre'
  | 'nothing'
  | 'options'
  | 'same_field'
  | 'time'
  | 'weekday';

interface ElementEntry {
  readonly role: ElementRole;
  /** The original compares the name with its case. */
  readonly exact: boolean;
}

/** Finds what a rule's element means; names ignore case, but for a few. */
export function findElementRole(name: string, dialect: Dialect): ElementRole | undefined {
  const entry = TABLES[dialect].get(name.toLowerCase());
  if (entry === undefined || (entry.exact && name !== name.toLowerCase())) return undefined;
  return entry.role;
}

export function elementNames(dialect: Dialect): Iterable<string> {
  return TABLES[dialect].keys();
}

function build(
  add: (set: (name: string, role: ElementRole, exact?: boolean) => void) => void,
): Map<string, ElementEntry> {
  const table = new Map<string, ElementEntry>();
  add((name, role, exact = false) => table.set(name, { role, exact }));
  return table;
}

type Set = (name: string, role: ElementRole, exact?: boolean) => void;

const SPECIAL: readonly SpecialRole[] = [
  'category',
  'check_diff',
  'check_if_ignored',
  'compiled_rule',
  'cve',
  'decoded_as',
  'description',
  'field',
  'group',
  'if_fts',
  'if_group',
  'if_level',
  'if_matched_group',
  'if_matched_regex',
  'if_matched_sid',
  'if_sid',
  'ignore',
  'info',
  'list',
  'options',
  'time',
  'weekday',
];

function setText(set: Set, slot: TextSlot, language: ExpressionLanguage): void {
  set(slot, { role: 'text', slot, language, pcre2Form: false });
}

function setCommon(set: Set): void {
  for (const role of SPECIAL) set(role, { role });
  set('srcip', { role: 'address' });
  set('dstip', { role: 'address' });
  setText(set, 'regex', 'osregex');
  setText(set, 'action', 'exact');
  for (const slot of [
    'match',
    'id',
    'status',
    'url',
    'program_name',
    'extra_data',
    'user',
    'hostname',
    'srcport',
    'dstport',
    'srcgeoip',
    'dstgeoip',
  ] as const) {
    setText(set, slot, 'osmatch');
  }
}

const WAZUH = build((set) => {
  setCommon(set);
  for (const slot of ['data', 'location', 'protocol', 'system_name'] as const) setText(set, slot, 'osmatch');
  set('mitre', { role: 'mitre' });
  set('same_field', { role: 'same_field' });
  set('different_field', { role: 'different_field' });
  set('not_same_field', { role: 'different_field' });
  set('global_frequency', { role: 'global_frequency' });
  set('same_agent', { role: 'deprecated' });
  set('not_same_agent', { role: 'deprecated' });

  const same = (name: string, key: CompareKey, exact = false) => set(name, { role: 'same', key }, exact);
  same('same_source_ip', 'srcip');
  same('same_srcip', 'srcip');
  same('same_dstip', 'dstip');
  same('same_src_port', 'srcport');
  same('same_srcport', 'srcport');
  same('same_dst_port', 'dstport');
  same('same_dstport', 'dstport');
  same('same_protocol', 'protocol');
  same('same_action', 'action');
  same('same_location', 'location');
  same('same_srcuser', 'srcuser');
  same('same_user', 'user');
  for (const key of ['id', 'url', 'data', 'extra_data', 'status', 'system_name', 'srcgeoip', 'dstgeoip'] as const) {
    same(`same_${key}`, key, true);
  }

  const different = (name: string, key: CompareKey, exact = false) => set(name, { role: 'different', key }, exact);
  different('different_dstip', 'dstip');
  different('different_src_port', 'srcport');
  different('different_srcport', 'srcport');
  different('different_dst_port', 'dstport');
  different('different_dstport', 'dstport');
  different('different_location', 'location');
  different('different_srcuser', 'srcuser');
  different('different_user', 'user');
  different('not_same_user', 'user');
  different('not_same_source_ip', 'srcip', true);
  different('not_same_id', 'id', true);
  for (const key of [
    'srcip',
    'protocol',
    'action',
    'id',
    'url',
    'data',
    'extra_data',
    'status',
    'system_name',
    'srcgeoip',
    'dstgeoip',
  ] as const) {
    different(`different_${key}`, key, true);
  }
});

const OSSEC = build((set) => {
  setCommon(set);
  for (const slot of [
    'match',
    'id',
    'status',
    'url',
    'program_name',
    'extra_data',
    'hostname',
    'user',
    'srcport',
    'dstport',
    'srcgeoip',
    'dstgeoip',
  ] as const) {
    set(`${slot}_pcre2`, { role: 'text', slot, language: 'pcre2', pcre2Form: true });
  }
  set('pcre2', { role: 'text', slot: 'regex', language: 'pcre2', pcre2Form: true });
  set('same_source_ip', { role: 'same', key: 'srcip' });
  set('same_src_port', { role: 'same', key: 'srcport' });
  set('same_dst_port', { role: 'same', key: 'dstport' });
  set('same_user', { role: 'same', key: 'user' });
  set('same_location', { role: 'same', key: 'location' });
  set('same_id', { role: 'same', key: 'id' }, true);
  for (const key of ['url', 'srcip', 'srcgeoip'] as const) set(`different_${key}`, { role: 'different', key }, true);
  set('not_same_source_ip', { role: 'unset_same', key: 'srcip' });
  set('not_same_id', { role: 'unset_same', key: 'id' }, true);
  set('not_same_user', { role: 'unset_same', key: 'user' });
  set('not_same_agent', { role: 'nothing' });
});

const TABLES: Record<Dialect, ReadonlyMap<string, ElementEntry>> = { wazuh: WAZUH, ossec: OSSEC };
