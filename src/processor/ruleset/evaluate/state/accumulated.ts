import type { Change, StateStore } from '../../../../component/state-store.ts';
import type { OnEviction, Quota } from './host-shares.ts';
import { Ledger } from './ledger.ts';
import { decodeJson, encodeJson, storeKey } from './store-key.ts';
import type { Tracking } from './tracking.ts';

const NAMESPACE = 'accumulator';
/** What an entry takes besides its texts. */
const ENTRY_BYTES = 400;

/** Values gathered for one host, decoder and id; by name, never replaced once set. */
export interface Accumulated {
  /** Epoch seconds of the last event. */
  time: number;
  readonly values: Record<string, string>;
}

/** What the accumulator remembers, bounded by host; the oldest of a host go first. */
export class AccumulatorStore {
  private readonly tracking: Tracking;
  private readonly entries: Ledger<Accumulated>;
  private readonly changed = new Set<string>();

  constructor(quota: Quota, tracking: Tracking, onEviction: OnEviction) {
    this.tracking = tracking;
    this.entries = new Ledger(quota, onEviction);
  }

  get size(): number {
    return this.entries.size;
  }

  /** As accounted. */
  get bytes(): number {
    return this.entries.bytes;
  }

  get(text: string): Accumulated | undefined {
    return this.entries.get(storeKey(text));
  }

  set(text: string, entry: Accumulated, host: string): void {
    const key = storeKey(text);
    this.note(key);
    this.put(key, entry, host);
  }

  /** Drops what was last touched before `time`. */
  purge(time: number): void {
    for (const [key, entry] of this.entries) {
      if (entry.time >= time) continue;
      this.entries.delete(key);
      this.note(key);
    }
  }

  drain(changes: Change[]): void {
    for (const key of this.changed) {
      const entry = this.entries.get(key);
      if (!entry) changes.push({ op: 'delete', namespace: NAMESPACE, key });
      else {
        const value = encodeJson([entry.time, entry.values, this.entries.hostOf(key)]);
        changes.push({ op: 'put', namespace: NAMESPACE, key, value });
      }
    }
    this.changed.clear();
  }

  load(store: StateStore): void {
    this.entries.clear();
    this.changed.clear();
    const found: [key: string, entry: Accumulated, host: string][] = [];
    for (const [key, bytes] of store.entries(NAMESPACE)) {
      const value = decodeJson(bytes);
      if (!Array.isArray(value) || typeof value[1] !== 'object' || value[1] === null) continue;
      const values: Record<string, string> = {};
      for (const [name, text] of Object.entries(value[1])) if (typeof text === 'string') values[name] = text;
      found.push([key, { time: Number(value[0]) || 0, values }, typeof value[2] === 'string' ? value[2] : '']);
    }
    found.sort((a, b) => a[1].time - b[1].time);
    for (const [key, entry, host] of found) this.put(key, entry, host);
  }

  private put(key: string, entry: Accumulated, host: string): void {
    let bytes = ENTRY_BYTES + key.length;
    for (const name in entry.values) bytes += entry.values[name]!.length;
    this.entries.set(key, entry, host, bytes, (old) => this.note(old));
  }

  private note(key: string): void {
    if (this.tracking.enabled) this.changed.add(key);
  }
}
