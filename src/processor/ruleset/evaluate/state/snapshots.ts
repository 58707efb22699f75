import type { Change, StateStore } from '../../../../component/state-store.ts';

const NAMESPACE = 'diff';

export interface Snapshot {
  readonly text: string;
  /** When the command that wrote it ran, epoch milliseconds; 0 where that is not known. */
  readonly time: number;
}

interface CachedSnapshot extends Snapshot {
  /** Number of the drain that carries it; Infinity while it waits for one. */
  drain: number;
}

/**
 * The texts `check_diff` compares with. With a store, memory is a cache of at most `maxBytes`: the rest is read back
 * when asked for. Without one, the least recently used go for good and are counted.
 */
export class Snapshots {
  private readonly maxBytes: number;
  private readonly cached = new Map<string, CachedSnapshot>();
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

  get(slot: string): Snapshot | undefined {
    const snapshot = this.cached.get(slot);
    if (snapshot) {
      this.cached.delete(slot);
      this.cached.set(slot, snapshot);
      return snapshot;
    }
    const stored = this.store?.get(NAMESPACE, slot);
    if (!stored) return undefined;
    const found = decode(stored);
    this.keep(slot, { ...found, drain: 0 });
    return found;
  }

  set(slot: string, text: string, time = 0): void {
    if (this.store) this.changed.add(slot);
    const old = this.cached.get(slot);
    if (old) {
      this.bytes -= cost(slot, old);
      this.cached.delete(slot);
    }
    this.keep(slot, { text, time, drain: Number.POSITIVE_INFINITY });
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
      changes.push({ op: 'put', namespace: NAMESPACE, key, value: encode(snapshot) });
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

  private keep(slot: string, snapshot: CachedSnapshot): void {
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

const TIME_BYTES = 8;

/** The time as a double, then the text. */
function encode({ text, time }: Snapshot): Uint8Array {
  const bytes = Buffer.allocUnsafe(TIME_BYTES + text.length);
  bytes.writeDoubleBE(time, 0);
  bytes.write(text, TIME_BYTES, 'latin1');
  return bytes;
}

function decode(stored: Uint8Array): Snapshot {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const time = bytes.length < TIME_BYTES ? 0 : bytes.readDoubleBE(0);
  return { text: bytes.toString('latin1', TIME_BYTES), time };
}

const cost = (slot: string, snapshot: Snapshot): number => slot.length + snapshot.text.length + 100;
