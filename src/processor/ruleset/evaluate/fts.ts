import type { FtsSpec } from '../compile/ruleset.ts';
import { type Event, memoryHost } from './event.ts';
import { lowerAscii } from './lower-ascii.ts';
import type { EngineState } from './state.ts';

const MAX_KEY = 255;

/** `if_fts`: whether the event's key was never seen before; remembers it (ruleset-engine 8.2). */
export function isFirstSeen(event: Event, state: EngineState): boolean {
  const spec = event.decoder?.fts;
  if (!spec) return false;
  let key = ftsKey(event, spec);
  if (state.fts.has(key)) return false;
  if (event.category === 'ids') {
    if (state.similar.hasSimilar(key)) key = state.similar.shorten(key);
    state.similar.add(key);
    if (state.fts.has(key)) return false;
  }
  return state.fts.add(key, memoryHost(event));
}

function ftsKey(event: Event, spec: FtsSpec): string {
  const { slots } = spec;
  const parts = [
    event.decoderName ?? '',
    slots.has('id') ? event.static('id') : undefined,
    slots.has('dstuser') ? event.static('dstuser') : undefined,
    slots.has('srcuser') ? event.static('srcuser') : undefined,
    slots.has('srcip') ? event.static('srcip') : undefined,
    slots.has('dstip') ? event.static('dstip') : undefined,
    slots.has('data') ? event.static('data') : undefined,
    slots.has('system_name') ? event.static('system_name') : undefined,
    slots.has('location') ? event.location : undefined,
  ];
  let key = parts
    .map((part) => part ?? '')
    .join(' ')
    .slice(0, MAX_KEY);
  for (const name of spec.dynamic) {
    const value = event.dynamic(lowerAscii(name));
    if (value !== undefined) key += ` ${value}`;
  }
  return key;
}
