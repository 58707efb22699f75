import type { Change, StateStore } from '../../../../component/state-store.ts';

const NAMESPACE = 'diff';

interface Snapshot {
  text: string;
  /** Number of the drain that carries it; Infinity while it waits for one. */
  drain: number;
}

/**
 * The texts `check_diff` compares with. With a store, memory is a cache of at most `maxBytes`: the rest is read back
 * when asked for. Without one, the least recently used go for good and are counted.
 */
export class Snapshots {
  private readonly maxBytes: number;
  private readonly cached = new Map<string, Snapshot>();
  private readonly changed = new Set<string>();
  private store: StateStore | undefined = undefined;
  private bytes = 0;
  private drains = 0;
  private confirmed = 0;
  /** Snapshots lost for want of room. */
  evicted = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get(slot: string): string | undefined {
    const snapshot = this.cached.get(slot);
    if (snapshot) {
      this.cached.delete(slot);
      this.cached.set(slot, snapshot);
      return snapshot.text;
    }
    const stored = this.store?.get(NAMESPACE, slot);
    if (!stored) return undefined;
    const text = Buffer.from(stored).toString('latin1');
    this.keep(slot, { text, drain: 0 });
    return text;
  }

  set(slot: string, text: string): void {
    if (this.store) this.changed.add(slot);
    const old = this.cached.get(slot);
    if (old) {
      this.bytes -= cost(slot, old);
      this.cached.delete(slot);
    }
    this.keep(slot, { text, drain: Number.POSITIVE_INFINITY });
  }

  drain(changes: Change[]): void {
    if (this.changed.size === 0) {
      this.drains++;
      return;
    }
    this.drains++;
    for (const key of this.changed) {
      const snapshot = this.cached.get(key);
      if (!snapshot) continue;
      snapshot.drain = this.drains;
      changes.push({ op: 'put', namespace: NAMESPACE, key, value: Buffer.from(snapshot.text, 'latin1') });
    }
    this.changed.clear();
  }

  /** The oldest drain not yet confirmed is in the store: its texts may leave memory. */
  confirm(): void {
    if (this.confirmed < this.drains) this.confirmed++;
    this.shrink();
  }

  load(store: StateStore): void {
    this.store = store;
    this.cached.clear();
    this.changed.clear();
    this.bytes = 0;
    this.confirmed = this.drains;
  }

  private keep(slot: string, snapshot: Snapshot): void {
    this.cached.set(slot, snapshot);
    this.bytes += cost(slot, snapshot);
    this.shrink();
  }

  private shrink(): void {
    if (this.bytes <= this.maxBytes) return;
    for (const [slot, snapshot] of this.cached) {
      if (this.bytes <= this.maxBytes) return;
      // What the store does not have yet has to wait.
      if (this.store && snapshot.drain > this.confirmed) continue;
      this.cached.delete(slot);
      this.bytes -= cost(slot, snapshot);
      if (!this.store) this.evicted++;
    }
  }
}

const cost = (slot: string, snapshot: Snapshot): number => slot.length + snapshot.text.length + 100;
