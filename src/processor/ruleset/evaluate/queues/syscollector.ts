import type { Ruleset } from '../../compile/ruleset.ts';
import type { Event } from '../event.ts';
import { printJson } from '../json-print.ts';
import { type JsonNode, readJson } from '../json-reader.ts';
import { setInternalDecoder } from './internal.ts';
import { member, memberText, scalarText } from './json-members.ts';
import { DELTA_TABLES, LEGACY_TYPES, type LegacyType } from './syscollector-tables.ts';

/**
 * Inventory events, both generations: full scans of 3.x (`{"type":"port","ID":..,"port":{..}}`) and deltas of 4.x
 * (`{"type":"dbsync_ports","operation":"INSERTED","data":{..}}`). What is neither is left undecoded.
 */
export function decodeSyscollector(event: Event, ruleset: Ruleset): void {
  const from = event.location.startsWith('(') ? event.location.indexOf('->') + 2 : 0;
  if (event.location.slice(from) !== 'syscollector') return;
  const root = readJson(event.log);
  if (root?.kind !== 'object') return;
  const type = memberText(root, 'type');
  if (type === undefined) return;
  const max = ruleset.settings.decoderOrderSize;
  const add = (name: string, value: string) => {
    if (event.dynamicNames.length < max) event.addDynamic(name, value);
  };
  if (type.startsWith('dbsync_')) {
    if (!addDelta(root, type, add)) return;
  } else {
    const legacy = LEGACY_TYPES.get(type);
    if (!legacy && !/^(?:network|port|program|process|hotfix)_end$/.test(type)) return;
    if (legacy?.needsId && member(root, 'ID')?.kind !== 'number') return;
    add('type', type);
    if (legacy) addLegacy(root, legacy, add);
  }
  setInternalDecoder(event, 'syscollector', ruleset);
}

type Add = (name: string, value: string) => void;

/** Every column of the table is a field; what the message lacks is an empty text. */
function addDelta(root: JsonNode, type: string, add: Add): boolean {
  const table = DELTA_TABLES.get(type);
  const operation = memberText(root, 'operation');
  const data = member(root, 'data');
  if (!table || operation === undefined || data?.kind !== 'object') return false;
  add('type', type);
  add('operation_type', operation);
  if (table.columns) {
    for (const [key, name] of table.columns) add(name, columnText(member(data, key), key, table.addressFamily));
    return true;
  }
  for (const child of data.children) {
    const key = child.name ?? '';
    if (key !== 'checksum' && key !== 'item_id' && key !== 'scan_time')
      add(table.prefix + key, scalarText(child) ?? '');
  }
  return true;
}

function columnText(node: JsonNode | undefined, key: string, addressFamily = false): string {
  if (addressFamily && key === 'proto' && node?.kind === 'number') return node.value === 0 ? 'ipv4' : 'ipv6';
  return scalarText(node) ?? '';
}

/** Only what the message has becomes a field. */
function addLegacy(root: JsonNode, legacy: LegacyType, add: Add): void {
  const body = member(root, legacy.member);
  if (!body) return;
  if (body.kind === 'string') {
    add(legacy.prefix, body.value);
    return;
  }
  addColumns(body, legacy.columns, add);
  for (const [key, prefix] of legacy.nested ?? []) {
    const nested = member(body, key);
    if (nested)
      addColumns(
        nested,
        ADDRESS_COLUMNS.map((column) => [column, `${prefix}${column}`] as const),
        add,
      );
  }
}

const ADDRESS_COLUMNS = ['gateway', 'dhcp', 'metric', 'address', 'netmask', 'broadcast'];

function addColumns(body: JsonNode, columns: readonly (readonly [key: string, name: string])[], add: Add): void {
  for (const [key, name] of columns) {
    const node = member(body, key);
    if (!node) continue;
    if (node.kind === 'array') add(name, printUnformatted(node));
    else {
      const text = scalarText(node);
      if (text !== undefined) add(name, text);
    }
  }
}

/** A list of addresses or arguments as text: `["172.17.0.1"]`. */
function printUnformatted(node: JsonNode): string {
  return node.kind === 'array' ? `[${node.children.map((child) => printJson(child)).join(',')}]` : printJson(node);
}
