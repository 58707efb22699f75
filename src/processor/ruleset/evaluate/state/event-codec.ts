import type { Category } from '../../compile/ruleset.ts';
import { Event } from '../event.ts';
import { decodeJson, encodeJson } from './store-key.ts';

/** What a history search needs of a past event. */
interface StoredEvent {
  t: number;
  f: string;
  l?: string;
  c: Category;
  p: string;
  h: string;
  a: string;
  s: readonly (readonly [slot: number, value: string])[];
  d: readonly (readonly [name: string, value: string])[];
  m?: number;
  i: readonly string[];
  r: string;
}

export function encodeEvent(event: Event): Uint8Array {
  const statics: [number, string][] = [];
  event.statics.forEach((value, slot) => {
    if (value !== undefined) statics.push([slot, value]);
  });
  const stored: StoredEvent = {
    t: event.timeMs,
    f: event.fullLog,
    c: event.category,
    p: event.location,
    h: event.hostname,
    a: event.agentId,
    s: statics,
    d: event.dynamicNames.map((name, index) => [name, event.dynamicValues[index] ?? ''] as const),
    i: event.lists,
    r: event.ruleId,
    ...(event.log === event.fullLog ? {} : { l: event.log }),
    ...(event.matched === 0 ? {} : { m: event.matched }),
  };
  return encodeJson(stored);
}

/** Undefined where the stored bytes are damaged. */
export function decodeEvent(bytes: Uint8Array): Event | undefined {
  const stored = decodeJson(bytes) as Partial<StoredEvent> | undefined;
  if (typeof stored !== 'object' || stored === null) return undefined;
  if (typeof stored.t !== 'number' || typeof stored.f !== 'string' || !Array.isArray(stored.i)) return undefined;
  const event = new Event(stored.t, stored.f, stored.p ?? '');
  event.log = stored.l ?? stored.f;
  event.category = stored.c ?? 'syslog';
  event.hostname = stored.h ?? '';
  event.agentId = stored.a ?? '000';
  for (const [slot, value] of stored.s ?? []) event.statics[slot] = value;
  for (const [name, value] of stored.d ?? []) event.addDynamic(name, value);
  event.matched = stored.m ?? 0;
  event.lists = stored.i;
  event.ruleId = stored.r ?? '';
  return event;
}
