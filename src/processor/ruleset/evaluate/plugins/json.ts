import type { StaticField } from '../../compile/ruleset.ts';
import type { Event } from '../event.ts';
import { formatFieldNumber, printJson } from '../json-print.ts';
import { type JsonNode, readJson } from '../json-reader.ts';

/** Paths that fill a static slot; `user` is handled apart. Note `systemname` without the underscore. */
const STATIC_PATHS: ReadonlyMap<string, StaticField> = new Map<string, StaticField>([
  ['srcip', 'srcip'],
  ['dstip', 'dstip'],
  ['srcport', 'srcport'],
  ['dstport', 'dstport'],
  ['protocol', 'protocol'],
  ['action', 'action'],
  ['srcuser', 'srcuser'],
  ['dstuser', 'dstuser'],
  ['id', 'id'],
  ['status', 'status'],
  ['url', 'url'],
  ['data', 'data'],
  ['extra_data', 'extra_data'],
  ['systemname', 'system_name'],
]);

const MAX_CSV = 65536;

export interface JsonOptions {
  readonly nullField: 'string' | 'discard' | 'empty';
  readonly arrays: 'array' | 'csv';
  /** Dynamic fields an event may have. */
  readonly maxFields: number;
}

/** JSON_Decoder: every scalar of the document becomes a field under its dotted path. Malformed text sets nothing. */
export function decodeJson(event: Event, text: string, options: JsonOptions): void {
  const root = readJson(text);
  if (root?.kind === 'object') addMembers(event, root.children, '', options);
}

function addMembers(event: Event, members: readonly JsonNode[], prefix: string, options: JsonOptions): void {
  for (const member of members) {
    const path = prefix + (member.name ?? '');
    switch (member.kind) {
      case 'object':
        addMembers(event, member.children, `${path}.`, options);
        break;
      case 'array': {
        const value = options.arrays === 'csv' ? joinScalars(member.children) : printJson(member);
        if (value !== undefined) setJsonField(event, path, value, options.maxFields);
        break;
      }
      case 'string':
        setJsonField(event, path, member.value, options.maxFields);
        break;
      case 'number':
        setJsonField(event, path, formatFieldNumber(member.value), options.maxFields);
        break;
      case 'null':
        if (options.nullField !== 'discard') setJsonField(event, path, 'null', options.maxFields);
        break;
      default:
        setJsonField(event, path, member.kind, options.maxFields);
    }
  }
}

export function setJsonField(event: Event, path: string, value: string, maxFields: number): void {
  const name = STATIC_PATHS.get(path);
  if (name) event.setStatic(name, value);
  else if (path === 'user' && event.static('dstuser') === undefined) event.setStatic('dstuser', value);
  else if (event.dynamicNames.length < maxFields) event.addDynamic(path, value);
}

/**
 * Scalars as one text, each with a comma where anything follows it, be it an object that is left out. Nothing where
 * there are none or the text grows too long.
 */
function joinScalars(nodes: readonly JsonNode[]): string | undefined {
  let text = '';
  for (const [index, node] of nodes.entries()) {
    if (node.kind === 'object' || node.kind === 'array') continue;
    if (node.kind === 'string') text += node.value;
    else text += node.kind === 'number' ? formatFieldNumber(node.value) : node.kind;
    if (index + 1 < nodes.length) text += ',';
  }
  return text === '' || text.length >= MAX_CSV ? undefined : text;
}
