import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Keyv } from 'keyv';
import type { Clock } from '../../component/clock.ts';
import { sleep } from '../../component/clock.ts';
import { StoreLockedError } from '../errors.ts';

/** Who owns a shared store; kept under one key, rewritten with every beat. */
interface Owner {
  token: string;
  /** Grows with every owner: journal entries of an earlier one are not taken for the last one's. */
  epoch: number;
  /** Grows while the owner lives. */
  beat: number;
  /** Journal entries up to this number are applied, whatever the journal says. */
  applied: number;
  /** The owner ended in order and waits for nobody. */
  released: boolean;
  host: string;
  pid: number;
}

export interface LeaseOptions {
  keyv: Keyv;
  clock: Clock;
  /** The store's name in messages. */
  shown: string;
  /** Milliseconds without a beat after which an owner counts as dead. */
  leaseMs: number;
  /** Milliseconds in which two who start together see each other. */
  settleMs: number;
}

export const OWNER_KEY = 'owner';
/** Beats that failed and may arrive late, which are remembered. */
const MAX_DOUBTFUL = 1000;

/** What the owner's record was when it was renewed: as it was left, gone, or that of an earlier time. */
export type Renewal = 'kept' | 'gone' | 'older';

/**
 * Ownership of a store that cannot lock: a record with a token that its owner renews. Another process takes over only
 * after it has seen no beat for a whole lease, so the clocks of the two need not agree. The owner finds a foreign
 * token before it writes, and stops.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #token = randomUUID();
  #beat = 0;
  /** The newest beat that is known to have been stored. */
  #stored = 0;
  readonly #doubtful = new Set<number>();
  #renewedAt = Number.NEGATIVE_INFINITY;
  epoch = 0;
  /** Number of the newest journal entry that is applied or given up; told with every beat. */
  applied = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /**
   * Becomes the owner.
   *
   * @returns what the owner before left, undefined where the store is new
   * @throws StoreLockedError where somebody else lives
   */
  async acquire(): Promise<{ epoch: number; applied: number } | undefined> {
    const { clock, leaseMs, settleMs } = this.#options;
    let before = await this.#read();
    if (before && !before.released) {
      await sleep(clock, leaseMs);
      const after = await this.#read();
      const isAlive = after && (after.token !== before.token || after.beat !== before.beat);
      if (isAlive && !after.released) throw this.#locked(after);
      before = after;
    }
    this.epoch = (before?.epoch ?? 0) + 1;
    await this.#write(false);
    await sleep(clock, settleMs);
    const owner = await this.#read();
    if (owner?.token !== this.#token) throw this.#locked(owner);
    return before;
  }

  /** Whether it is time to `renew`. */
  isDue(): boolean {
    const age = this.#options.clock.now() - this.#renewedAt;
    // Negative where the clock was set back: how long it really was is not known then.
    return age < 0 || age >= this.#options.leaseMs / 3;
  }

  /**
   * Shows that the owner lives.
   *
   * @returns `gone`: somebody emptied the store; `older`: the server has what it had before, such as a copy that lagged behind
   * @throws StoreLockedError where another process has taken over
   */
  async renew(): Promise<Renewal> {
    const owner = await this.#read();
    // Epochs only grow: a lower one is no newer owner, but what was there before this one.
    const isForeign = owner !== undefined && owner.token !== this.#token;
    if (isForeign && !(owner.epoch < this.epoch)) throw this.#locked(owner);
    const isOlder = owner !== undefined && (isForeign || this.#isPast(owner.beat));
    await this.#write(false);
    if (!owner) return 'gone';
    return isOlder ? 'older' : 'kept';
  }

  /** A beat that failed may arrive after a later one: that says nothing of the rest of the store. */
  #isPast(beat: number): boolean {
    return beat < this.#stored && !this.#doubtful.has(beat);
  }

  /** Lets the next owner begin at once. */
  async release(): Promise<void> {
    const owner = await this.#read();
    if (owner?.token === this.#token) await this.#write(true);
  }

  async #read(): Promise<Owner | undefined> {
    const text: unknown = await this.#options.keyv.get(OWNER_KEY);
    if (typeof text !== 'string') return undefined;
    try {
      return JSON.parse(text) as Owner;
    } catch {
      return undefined;
    }
  }

  async #write(released: boolean): Promise<void> {
    this.#beat++;
    const owner: Owner = {
      token: this.#token,
      epoch: this.epoch,
      beat: this.#beat,
      applied: this.applied,
      released,
      host: hostname(),
      pid: process.pid,
    };
    const start = this.#options.clock.now();
    // Until it is known to be stored.
    this.#doubtful.add(owner.beat);
    if (this.#doubtful.size > MAX_DOUBTFUL) this.#doubtful.delete(this.#doubtful.values().next().value as number);
    await this.#options.keyv.set(OWNER_KEY, JSON.stringify(owner));
    this.#doubtful.delete(owner.beat);
    this.#stored = Math.max(this.#stored, owner.beat);
    this.#renewedAt = start;
  }

  #locked(owner: Owner | undefined): StoreLockedError {
    const { shown } = this.#options;
    const who = owner ? ` by process ${owner.pid} on ${owner.host}` : '';
    return new StoreLockedError(`${shown} is in use${who}; stop it, or give each its own namespace`);
  }
}
