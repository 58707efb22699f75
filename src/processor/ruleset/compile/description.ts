import { dynamicRef, staticRef } from './fields.ts';
import type { DescriptionPart, DescriptionTemplate, Dialect, StaticField } from './ruleset.ts';

/** Bytes of a template that is expanded at all (ruleset-engine 6.10). */
const MAX_TEMPLATE = 1024;

/** Names that a description knows as static fields; `user` and `location` are none. */
const STATIC_NAMES: ReadonlySet<string> = new Set<StaticField>([
  'dstuser',
  'srcuser',
  'srcip',
  'dstip',
  'srcport',
  'dstport',
  'protocol',
  'action',
  'id',
  'url',
  'data',
  'status',
  'extra_data',
  'system_name',
]);

/** Splits a description at its `$(field)` marks. OSSEC expands nothing. */
export function compileDescription(raw: string, dialect: Dialect): DescriptionTemplate {
  if (dialect === 'ossec' || raw.length > MAX_TEMPLATE || !raw.includes('$(')) return { raw, parts: undefined };
  const parts: DescriptionPart[] = [];
  let position = 0;
  for (;;) {
    const start = raw.indexOf('$(', position);
    const end = start < 0 ? -1 : raw.indexOf(')', start);
    // A mark that is never closed is text.
    if (end < 0) break;
    if (start > position) parts.push({ text: raw.slice(position, start) });
    parts.push({ field: fieldOf(raw.slice(start + 2, end)) });
    position = end + 1;
  }
  if (position < raw.length) parts.push({ text: raw.slice(position) });
  return { raw, parts };
}

type PartField = Extract<DescriptionPart, { field: unknown }>['field'];

function fieldOf(name: string): PartField {
  if (STATIC_NAMES.has(name)) return staticRef(name as StaticField);
  if (name === 'program_name' || name === 'hostname') return { kind: 'event', name };
  return dynamicRef(name);
}
