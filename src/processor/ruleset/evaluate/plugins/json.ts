import type { StaticField } from '../../compile/ruleset.ts';
import type { Event } from '../event.ts';
import { formatFieldNumber, printJson } from '../json-print.ts';
import { type JsonNode, readJson } from '../json-reader.ts';

/** Paths that fill a static slot; `user` is handled apart. Note `systemname` without the underscore. */
export const STATIC_PATHS: ReadonlyMap<string, StaticField> = new Map<string, StaticField>([
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
    if (member.kind === 'object') addMembers(event, member.children, `${path}.`, options);
    else if (member.kind !== 'null' || options.nullField !== 'discard') {
      const value = valueText(member, options.arrays);
      if (value !== undefined) setJsonField(event, path, value, options.maxFields);
    }
  }
}

/** The text of a value that is no object. */
export function valueText(node: JsonNode, arrays: JsonOptions['arrays']): string | undefined {
  switch (node.kind) {
    case 'object':
      return undefined;
    case 'array':
      return arrays === 'csv' ? joinScalars(node.children) : printJson(node);
    case 'string':
      return node.value;
    case 'number':
      return formatFieldNumber(node.value);
    default:
      return node.kind;
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
