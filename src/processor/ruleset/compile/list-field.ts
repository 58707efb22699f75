import type { Dialect } from '../parse/ast.ts';
import { dynamicRef, staticRef, staticSlot } from './fields.ts';
import type { Condition } from './ruleset.ts';

type ListField = Extract<Condition, { kind: 'list' }>['field'];

/** Fields that a list look-up knows; everything else, `srcuser` too, is a dynamic name. */
const LIST_FIELDS: ReadonlySet<string> = new Set([
  'srcip',
  'srcport',
  'dstip',
  'dstport',
  'url',
  'id',
  'status',
  'action',
  'system_name',
  'protocol',
  'data',
  'extra_data',
]);

/** What the `field` of a `<list>` names. */
export function listField(name: string, dialect: Dialect): ListField {
  const lower = name.toLowerCase();
  if (lower === 'user' || lower === 'hostname' || lower === 'program_name') return { kind: 'event', name: lower };
  const slot = LIST_FIELDS.has(lower) ? staticSlot(lower, dialect) : undefined;
  if (slot !== undefined) return staticRef(slot);
  const word = name.replace(/^ +/, '');
  const end = word.indexOf(' ');
  return dynamicRef(end < 0 ? word : word.slice(0, end));
}
