import { foldAscii } from '../parse/words.ts';
import { type Dialect, type FieldRef, STATIC_FIELDS, type StaticField } from './ruleset.ts';

const SLOTS: ReadonlyMap<string, number> = new Map(STATIC_FIELDS.map((name, slot) => [name, slot]));

/** Reference to a static field. */
export function staticRef(name: StaticField): FieldRef {
  return { kind: 'static', name, slot: SLOTS.get(name) ?? 0 };
}

export function dynamicRef(name: string): FieldRef {
  return { kind: 'dynamic', name, key: internalize(foldAscii(name)) };
}

const MAX_KEYS = 100_000;
const KEYS = new Map<string, string>();

/** One copy of equal keys: tables find it without comparing texts, and it is no part of a file. */
function internalize(key: string): string {
  let known = KEYS.get(key);
  if (known === undefined) {
    if (KEYS.size >= MAX_KEYS) KEYS.clear();
    known = Buffer.from(key, 'latin1').toString('latin1');
    KEYS.set(known, known);
  }
  return known;
}

/**
 * Slot of a name in `<order>`, of a condition or of a list's field; undefined for a dynamic name. `user` is dstuser. OSSEC has
 * one slot for `data` and `extra_data`, which is `data` here.
 */
export function staticSlot(name: string, dialect: Dialect): StaticField | undefined {
  if (dialect === 'ossec' && name === 'extra_data') return 'data';
  if (name === 'user') return 'dstuser';
  return SLOTS.has(name) ? (name as StaticField) : undefined;
}
