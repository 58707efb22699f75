import type { Change, StateStore } from '../../../../component/state-store.ts';
import type { OnEviction, Quota } from './host-shares.ts';
import { Ledger } from './ledger.ts';
import type { SeenKeys } from './shared.ts';
import { storeKey } from './store-key.ts';
import type { Tracking } from './tracking.ts';

/** What an entry takes besides its text. */
const ENTRY_BYTES = 160;

/** A set of texts that survives restarts, bounded by host; the oldest of a host go first. */
export class KeySet implements SeenKeys {
  private readonly namespace: string;
  private readonly tracking: Tracking;
  private readonly keys: Ledger<undefined>;
  private readonly changed = new Set<string>();
  private next = 0;

  constructor(namespace: string, quota: Quota, tracking: Tracking, onEviction: OnEviction) {
    this.tracking = tracking;
    this.namespace = namespace;
    this.keys = new Ledger(quota, onEviction);
  }

  get size(): number {
    return this.keys.size;
  }

  /** As accounted. */
  get bytes(): number {
    return this.keys.bytes;
  }

  /** As the store knows them, oldest first. */
  *storedKeys(): IterableIterator<string> {
    for (const [key] of this.keys) yield key;
  }

  has(text: string): boolean {
    return this.keys.has(storeKey(text));
  }

  /** Whether it was not there yet; `host` is whose entry it is from now on. */
  add(text: string, host: string): boolean {
    const key = storeKey(text);
    if (this.keys.has(key)) return false;
    this.note(key);
    this.put(key, host);
    return true;
  }

  drain(changes: Change[]): void {
    for (const key of this.changed) {
      const host = this.keys.hostOf(key);
      if (host === undefined) changes.push({ op: 'delete', namespace: this.namespace, key });
      else {
        const value = Buffer.from(`${this.next++} ${host}`, 'latin1');
        changes.push({ op: 'put', namespace: this.namespace, key, value });
      }
    }
    this.changed.clear();
  }

  load(store: StateStore): void {
    this.keys.clear();
    this.changed.clear();
    this.next = 0;
    const found: [key: string, order: number, host: string][] = [];
    for (const [key, value] of store.entries(this.namespace)) {
      const text = Buffer.from(value).toString('latin1');
      const blank = text.indexOf(' ');
      const order = Number(blank < 0 ? text : text.slice(0, blank)) || 0;
      found.push([key, order, blank < 0 ? '' : text.slice(blank + 1)]);
    }
    found.sort((a, b) => a[1] - b[1]);
    for (const [key, order, host] of found) {
      this.put(key, host);
      this.next = order + 1;
    }
  }

  private put(key: string, host: string): void {
    this.keys.set(key, undefined, host, key.length + ENTRY_BYTES, (old) => this.note(old));
  }

  private note(key: string): void {
    if (this.tracking.enabled) this.changed.add(key);
  }
}
