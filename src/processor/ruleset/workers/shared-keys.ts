import { createHash, randomBytes } from 'node:crypto';
import type { Change, StateStore } from '../../../component/state-store.ts';
import type { Quota } from '../evaluate/state/host-shares.ts';
import { KeySet } from '../evaluate/state/key-set.ts';
import { DEFAULT_STATE_LIMITS, type Evicted, EvictionLog } from '../evaluate/state/limits.ts';
import type { SeenKeys } from '../evaluate/state/shared.ts';
import { storeKey } from '../evaluate/state/store-key.ts';

const NAMESPACE = 'fts';
const EMPTY = 0n;
const REMOVED = 1n;

/** What threads need to look at the same set. */
export interface KeyMemory {
  readonly cells: SharedArrayBuffer;
  /** Keys are known by a digest with this in front, which nobody outside can foresee. */
  readonly salt: Uint8Array;
}

/** Digests of keys in shared memory: open addressing, of which any number of threads may ask and add at once. */
class DigestTable {
  readonly #cells: BigUint64Array;
  readonly #salt: Uint8Array;
  readonly #mask: number;

  constructor({ cells, salt }: KeyMemory) {
    this.#cells = new BigUint64Array(cells);
    this.#salt = salt;
    this.#mask = this.#cells.length - 1;
  }

  has(key: string): boolean {
    const digest = this.#digestOf(key);
    for (let cell = Number(digest & BigInt(this.#mask)); ; cell = (cell + 1) & this.#mask) {
      const found = Atomics.load(this.#cells, cell);
      if (found === digest) return true;
      if (found === EMPTY) return false;
    }
  }

  /** Whether it was not there yet; of several threads that add the same key, one hears so. */
  add(key: string): boolean {
    const digest = this.#digestOf(key);
    for (let cell = Number(digest & BigInt(this.#mask)); ; cell = (cell + 1) & this.#mask) {
      const found = Atomics.compareExchange(this.#cells, cell, EMPTY, digest);
      if (found === EMPTY) return true;
      if (found === digest) return false;
    }
  }

  delete(key: string): void {
    const digest = this.#digestOf(key);
    for (let cell = Number(digest & BigInt(this.#mask)); ; cell = (cell + 1) & this.#mask) {
      const found = Atomics.compareExchange(this.#cells, cell, digest, REMOVED);
      if (found === digest || found === EMPTY) return;
    }
  }

  clear(): void {
    this.#cells.fill(EMPTY);
  }

  #digestOf(key: string): bigint {
    const digest = createHash('sha256').update(this.#salt).update(key, 'latin1').digest().readBigUInt64LE(0);
    return digest > REMOVED ? digest : digest + 2n;
  }
}

/** A key and whose it is. */
export type SeenKey = readonly [key: string, host: string];

/** First-seen keys of all hosts, as a thread sees them. */
export class SharedKeys implements SeenKeys {
  readonly #table: DigestTable;
  #added: SeenKey[] = [];

  constructor(memory: KeyMemory) {
    this.#table = new DigestTable(memory);
  }

  has(text: string): boolean {
    return this.#table.has(storeKey(text));
  }

  add(text: string, host: string): boolean {
    const isNew = this.#table.add(storeKey(text));
    if (isNew) this.#added.push([text, host]);
    return isNew;
  }

  /** What this thread added since the last call; the main thread stores it. */
  takeAdded(): SeenKey[] {
    const added = this.#added;
    this.#added = [];
    return added;
  }

  drain(): void {}

  load(): void {
    this.#added = [];
  }
}

/** The same keys as the main thread sees them: it stores them, and bounds them. */
export class KeyKeeper {
  readonly memory: KeyMemory;
  readonly #table: DigestTable;
  readonly #keys: KeySet;
  readonly #maxRemoved: number;
  readonly #evictions = new EvictionLog();
  #removed = 0;

  constructor(quota: Quota = DEFAULT_STATE_LIMITS.fts) {
    // Never more than half full, the removed included.
    const cells = 2 ** Math.ceil(Math.log2(quota.entries * 2));
    this.memory = { cells: new SharedArrayBuffer(cells * 8), salt: randomBytes(16) };
    this.#maxRemoved = cells >> 2;
    this.#table = new DigestTable(this.memory);
    this.#keys = new KeySet(NAMESPACE, quota, { enabled: true }, this.#evictions.notes('fts'));
  }

  /** What was given up for want of room since the last call. */
  takeEvictions(): readonly Evicted[] {
    return this.#evictions.take();
  }

  /** What a thread added; it is in the table already. */
  absorb(keys: readonly SeenKey[]): void {
    for (const [key, host] of keys) this.#keys.add(key, host);
  }

  /** What is given up here goes out of the table while threads ask it: to them it is gone a moment sooner or later. */
  drain(changes: Change[]): void {
    const from = changes.length;
    this.#keys.drain(changes);
    for (let index = from; index < changes.length; index++) {
      const change = changes[index]!;
      if (change.op !== 'delete') continue;
      this.#table.delete(change.key);
      this.#removed++;
    }
  }

  /** The table is full of removed keys: `tidy` is due. */
  get isUntidy(): boolean {
    return this.#removed > this.#maxRemoved;
  }

  /** While no thread works: makes room in the table. */
  tidy(): void {
    if (this.isUntidy) this.#refill(this.#keys.storedKeys());
  }

  /** While no thread works: back to what the store holds. */
  load(store: StateStore): void {
    this.#keys.load(store);
    this.#refill(this.#keys.storedKeys());
  }

  #refill(keys: Iterable<string>): void {
    this.#removed = 0;
    this.#table.clear();
    for (const key of keys) this.#table.add(key);
  }
}
