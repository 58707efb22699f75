import type { Change, StateStore } from '../../../../component/state-store.ts';
import type { OnEviction, Quota } from './host-shares.ts';
import { Ledger } from './ledger.ts';
import { decodeJson, encodeJson } from './store-key.ts';

const NAMESPACE = 'diff';
/** Whose each text is, and how long: read at start instead of all texts. */
const OWNERS = 'diff-owner';
/** What a text takes besides its bytes. */
const ENTRY_BYTES = 100;

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
 * The texts `check_diff` compares with, bounded by host: those of a host that were used longest ago go first. With a
 * store, memory is a cache of at most `cacheBytes`: the rest is read back when asked for.
 */
export class Snapshots {
  private readonly quota: Quota;
  private readonly cacheBytes: number;
  private readonly onEviction: OnEviction;
  private owners: Ledger<number>;
  private readonly cached = new Map<string, CachedSnapshot>();
  private readonly changed = new Set<string>();
  private store: StateStore | undefined = undefined;
  private bytes = 0;
  private drains = 0;
  private confirmed = 0;
  private next = 0;

  constructor(quota: Quota, cacheBytes: number, onEviction: OnEviction) {
    this.quota = quota;
    this.cacheBytes = cacheBytes;
    this.onEviction = onEviction;
    const least = (bytes: number) => Math.min(bytes, cacheBytes);
    const inMemory = { ...quota, bytes: least(quota.bytes), hostBytes: least(quota.hostBytes) };
    this.owners = new Ledger(inMemory, onEviction);
  }

  get size(): number {
    return this.owners.size;
  }

  /** Bytes of all texts, as accounted. */
  get storedBytes(): number {
    return this.owners.bytes;
  }

  get(slot: string): Snapshot | undefined {
    if (!this.owners.has(slot)) return undefined;
    this.owners.touch(slot);
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

  set(slot: string, host: string, text: string, time = 0): void {
    if (this.store) this.changed.add(slot);
    this.uncache(slot);
    this.keep(slot, { text, time, drain: Number.POSITIVE_INFINITY });
    this.own(slot, host, cost(slot, text));
  }

  drain(changes: Change[]): void {
    this.drains++;
    if (this.changed.size === 0) return;
    for (const key of this.changed) {
      const snapshot = this.cached.get(key);
      const bytes = this.owners.get(key);
      if (!snapshot || bytes === undefined) {
        changes.push({ op: 'delete', namespace: NAMESPACE, key }, { op: 'delete', namespace: OWNERS, key });
        continue;
      }
      snapshot.drain = this.drains;
      changes.push({ op: 'put', namespace: NAMESPACE, key, value: encode(snapshot) });
      const value = encodeJson([this.owners.hostOf(key), bytes, this.next++]);
      changes.push({ op: 'put', namespace: OWNERS, key, value });
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
    this.owners = new Ledger(this.quota, this.onEviction);
    this.next = 0;
    const found: [slot: string, host: string, bytes: number, order: number][] = [];
    for (const [slot, bytes] of store.entries(OWNERS)) {
      const value = decodeJson(bytes);
      if (Array.isArray(value)) found.push([slot, String(value[0]), Number(value[1]) || 0, Number(value[2]) || 0]);
    }
    // Stored before owners were: all belong to one.
    if (found.length === 0) {
      for (const [slot, bytes] of store.entries(NAMESPACE)) found.push([slot, '', bytes.length, 0]);
    }
    found.sort((a, b) => a[3] - b[3]);
    for (const [slot, host, bytes, order] of found) {
      this.own(slot, host, bytes);
      this.next = order + 1;
    }
  }

  private own(slot: string, host: string, bytes: number): void {
    this.owners.set(slot, bytes, host, bytes, (old) => {
      this.uncache(old);
      if (this.store) this.changed.add(old);
    });
  }

  private uncache(slot: string): void {
    const old = this.cached.get(slot);
    if (!old) return;
    this.bytes -= cost(slot, old.text);
    this.cached.delete(slot);
  }

  private keep(slot: string, snapshot: CachedSnapshot): void {
    this.cached.set(slot, snapshot);
    this.bytes += cost(slot, snapshot.text);
    this.shrink();
  }

  /** Without a store the bound on all texts is that of memory. */
  private shrink(): void {
    if (!this.store || this.bytes <= this.cacheBytes) return;
    for (const [slot, snapshot] of this.cached) {
      if (this.bytes <= this.cacheBytes) return;
      // What the store does not have yet has to wait.
      if (snapshot.drain <= this.confirmed) this.uncache(slot);
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

const cost = (slot: string, text: string): number => slot.length + text.length + ENTRY_BYTES;
