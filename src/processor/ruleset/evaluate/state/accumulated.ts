import type { Change, StateStore } from '../../../../component/state-store.ts';
import { decodeJson, encodeJson, storeKey } from './store-key.ts';
import type { Tracking } from './tracking.ts';

const NAMESPACE = 'accumulator';

/** Values gathered for one host, decoder and id; by name, never replaced once set. */
export interface Accumulated {
  /** Epoch seconds of the last event. */
  time: number;
  readonly values: Record<string, string>;
}

/** What the accumulator remembers; the oldest entries go when there are too many. */
export class AccumulatorStore {
  private readonly maxEntries: number;
  private readonly tracking: Tracking;
  private readonly entries = new Map<string, Accumulated>();
  private readonly changed = new Set<string>();
  /** Live entries given up for want of room. */
  evicted = 0;

  constructor(maxEntries: number, tracking: Tracking) {
    this.tracking = tracking;
    this.maxEntries = maxEntries;
  }

  get(text: string): Accumulated | undefined {
    return this.entries.get(storeKey(text));
  }

  set(text: string, entry: Accumulated): void {
    const key = storeKey(text);
    this.entries.delete(key);
    this.entries.set(key, entry);
    this.note(key);
    if (this.entries.size <= this.maxEntries) return;
    const [oldest] = this.entries.keys();
    if (oldest === undefined) return;
    this.remove(oldest);
    this.evicted++;
  }

  /** Drops what was last touched before `time`. */
  purge(time: number): void {
    for (const [key, entry] of this.entries) if (entry.time < time) this.remove(key);
  }

  drain(changes: Change[]): void {
    for (const key of this.changed) {
      const entry = this.entries.get(key);
      if (!entry) changes.push({ op: 'delete', namespace: NAMESPACE, key });
      else changes.push({ op: 'put', namespace: NAMESPACE, key, value: encodeJson([entry.time, entry.values]) });
    }
    this.changed.clear();
  }

  load(store: StateStore): void {
    this.entries.clear();
    this.changed.clear();
    const found: [string, Accumulated][] = [];
    for (const [key, bytes] of store.entries(NAMESPACE)) {
      const value = decodeJson(bytes);
      if (!Array.isArray(value) || typeof value[1] !== 'object' || value[1] === null) continue;
      const values: Record<string, string> = {};
      for (const [name, text] of Object.entries(value[1])) if (typeof text === 'string') values[name] = text;
      found.push([key, { time: Number(value[0]) || 0, values }]);
    }
    found.sort((a, b) => a[1].time - b[1].time);
    for (const [key, entry] of found) this.entries.set(key, entry);
  }

  private remove(key: string): void {
    this.entries.delete(key);
    this.note(key);
  }

  private note(key: string): void {
    if (this.tracking.enabled) this.changed.add(key);
  }
}
