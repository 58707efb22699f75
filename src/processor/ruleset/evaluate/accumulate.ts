import type { StaticField } from '../compile/ruleset.ts';
import { type Event, memoryHost } from './event.ts';
import type { Accumulated, AccumulatorStore } from './state/accumulated.ts';
import { ownCopy } from './state/own-copy.ts';

const GATHERED: readonly StaticField[] = ['dstuser', 'srcuser', 'dstip', 'srcip', 'dstport', 'srcport', 'data'];
const MAX_KEY = 255;
const MAX_VALUE = 80;
const MAX_AGE = 120;
const PURGE_EVERY = 200;

/**
 * Completes events of one host, decoder and id from each other, for decoders with `<accumulate>` (ruleset-engine 8.5).
 */
export class Accumulator {
  private readonly store: AccumulatorStore;
  private lookups = 0;

  constructor(store: AccumulatorStore) {
    this.store = store;
  }

  apply(event: Event): void {
    const id = event.static('id');
    if (id === undefined || !event.decoder?.accumulate) return;
    if (++this.lookups >= PURGE_EVERY) {
      this.lookups = 0;
      this.store.purge(event.time - MAX_AGE);
    }
    const key = `${event.hostname} ${event.decoderName ?? ''} ${id}`;
    if (key.length > MAX_KEY) return;
    const known = this.store.get(key);
    const entry: Accumulated = { time: event.time, values: {} };
    if (known && event.time - known.time <= MAX_AGE) Object.assign(entry.values, known.values);
    for (const name of GATHERED) {
      const value = event.static(name);
      const kept = entry.values[name];
      if (value === undefined || value === '') {
        if (kept === undefined) continue;
        event.accumulated = true;
        event.decodedStatics ??= [...event.statics];
        event.setStatic(name, kept);
      } else if (kept === undefined && value.length >= 1 && value.length <= MAX_VALUE)
        entry.values[name] = ownCopy(value);
    }
    this.store.set(key, entry, memoryHost(event));
  }
}
