import type { Change, StateStore } from '../../../../component/state-store.ts';
import type { SeenKeys } from './shared.ts';
import { storeKey } from './store-key.ts';
import type { Tracking } from './tracking.ts';

/** A bounded set of texts that survives restarts; the oldest goes first. */
export class KeySet implements SeenKeys {
  private readonly namespace: string;
  private readonly maxKeys: number;
  private readonly tracking: Tracking;
  private readonly keys = new Set<string>();
  private readonly changed = new Set<string>();
  private next = 0;
  /** Keys given up for want of room. */
  evicted = 0;

  constructor(namespace: string, maxKeys: number, tracking: Tracking) {
    this.tracking = tracking;
    this.namespace = namespace;
    this.maxKeys = maxKeys;
  }

  get size(): number {
    return this.keys.size;
  }

  has(text: string): boolean {
    return this.keys.has(storeKey(text));
  }

  /** Whether it was not there yet. */
  add(text: string): boolean {
    const key = storeKey(text);
    if (this.keys.has(key)) return false;
    this.keys.add(key);
    this.note(key);
    if (this.keys.size <= this.maxKeys) return true;
    const [oldest] = this.keys;
    if (oldest === undefined) return true;
    this.keys.delete(oldest);
    this.note(oldest);
    this.evicted++;
    return true;
  }

  private note(key: string): void {
    if (this.tracking.enabled) this.changed.add(key);
  }

  drain(changes: Change[]): void {
    for (const key of this.changed) {
      if (this.keys.has(key)) {
        const value = Buffer.from(String(this.next++));
        changes.push({ op: 'put', namespace: this.namespace, key, value });
      } else changes.push({ op: 'delete', namespace: this.namespace, key });
    }
    this.changed.clear();
  }

  load(store: StateStore): void {
    this.keys.clear();
    this.changed.clear();
    this.next = 0;
    const found: [key: string, order: number][] = [];
    for (const [key, value] of store.entries(this.namespace)) {
      found.push([key, Number(Buffer.from(value).toString('latin1')) || 0]);
    }
    found.sort((a, b) => a[1] - b[1]);
    for (const [key, order] of found) {
      this.keys.add(key);
      this.next = order + 1;
    }
  }
}
