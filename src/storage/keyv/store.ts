import type { Timer } from '../../component/clock.ts';
import { sleep } from '../../component/clock.ts';
import type { Change, QueueItem, StateStore } from '../../component/state-store.ts';
import { checkChanges } from '../changes.ts';
import { StoreClosedError, StoreLockedError } from '../errors.ts';
import type { MemoryState } from '../memory-state.ts';
import type { StoreOptions } from '../options.ts';
import type { KeyvConnection } from './connect.ts';
import { entriesOf } from './entries.ts';
import { Generations } from './generations.ts';
import { Lease, OWNER_KEY } from './lease.ts';
import { journalKey } from './load.ts';
import type { FixedChange, KeyvWrite } from './records.ts';
import { encodeJournal, toWrites } from './records.ts';
import { recover } from './recover.ts';
import { Remote } from './remote.ts';

export interface KeyvStoreOptions extends StoreOptions {
  /** The store's name in messages, without credentials. */
  shown: string;
  /** Milliseconds without a sign of life after which another process may take over; default 10,000. */
  leaseMs?: number;
  /** Milliseconds in which two processes that start together see each other; default 200. */
  settleMs?: number;
}

const LEASE_MS = 10_000;
/** Bounds of one journal entry. */
const MAX_GROUP_COMMITS = 500;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
const MAX_RETRY_MS = 5_000;
/** Milliseconds that `close` goes on trying to apply what the journal holds; the next start applies it otherwise. */
const CLOSE_LIMIT_MS = 5_000;
/** Milliseconds for looking at every key. */
const REWRITE_LIMIT_MS = 600_000;
const LOSSES = { gone: 'emptied', older: 'set back to an earlier state' } as const;

interface Pending {
  changes: Change[];
  bytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * A store on any Keyv. State is held in memory and read from there; a commit is written to a journal entry, whole,
 * and counts from then on; after that it is applied key by key. What a crash interrupts the next start applies again.
 *
 * Everything is written by one loop, one after the other: the order of the calls is the order on the server.
 */
export class KeyvStateStore implements StateStore {
  readonly #options: KeyvStoreOptions;
  readonly #connection: KeyvConnection;
  readonly #remote: Remote;
  readonly #lease: Lease;
  readonly #state: MemoryState;
  readonly #stop = new AbortController();
  readonly #generations: Generations;
  #seq = 0;
  /** The newest journal entry failed, and may arrive all the same: the next owner must be told that it does not count. */
  #hasDoubt = false;
  /** The server lost what it had, or some of it, and does not have all of it again. */
  #mustRewrite = false;
  #waiting: Pending[] = [];
  #writing: Promise<void> | undefined;
  #renewal: Timer | undefined;
  #lost: StoreLockedError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    connection: KeyvConnection,
    options: KeyvStoreOptions,
    remote: Remote,
    lease: Lease,
    { state, generations }: { state: MemoryState; generations: ReadonlyMap<string, number> },
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#remote = remote;
    this.#lease = lease;
    this.#state = state;
    this.#generations = new Generations(generations);
    this.#scheduleRenewal();
  }

  /**
   * Takes the ownership, reads everything, and ends what an earlier owner's crash interrupted. The connection belongs
   * to the store from now on, also where this rejects.
   *
   * @throws StoreLockedError where another process owns the namespace
   * @throws StoreWriteError where the server cannot be reached
   */
  static async open(connection: KeyvConnection, options: KeyvStoreOptions): Promise<KeyvStateStore> {
    const { clock, shown, leaseMs = LEASE_MS, settleMs = 200 } = options;
    const { keyv } = connection;
    const remote = new Remote(keyv, clock, shown);
    const lease = new Lease({ keyv, clock, shown, leaseMs, settleMs });
    try {
      // The first command tells whether there is a server.
      await remote.within('connect', () => keyv.get('owner'));
      const previous = await remote.within('take the lease', () => lease.acquire(), 3 * leaseMs + 30_000);
      const recovered = await recover(keyv, remote, previous, options);
      return new KeyvStateStore(connection, options, remote, lease, recovered);
    } catch (error) {
      await connection.close().catch(() => {});
      throw error;
    }
  }

  get(namespace: string, key: string): Uint8Array | undefined {
    return this.#state.get(namespace, key);
  }

  entries(namespace: string, prefix?: string): Iterable<readonly [key: string, value: Uint8Array]> {
    return this.#state.entries(namespace, prefix);
  }

  peek(queue: string, limit: number, afterId?: number): QueueItem[] {
    return this.#state.peek(queue, limit, afterId);
  }

  queueSize(queue: string): { items: number; bytes: number } {
    return this.#state.queueSize(queue);
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.#closing !== undefined) throw new StoreClosedError();
    checkChanges(changes);
    const copies = changes.map(copyOf);
    const bytes = copies.reduce((sum, change) => sum + sizeOf(change), 0);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ changes: copies, bytes, resolve, reject });
      this.#start();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#renewal?.cancel();
    const limit = this.#options.clock.setTimeout(() => this.#stop.abort(), CLOSE_LIMIT_MS);
    while (this.#writing !== undefined) await this.#writing;
    limit.cancel();
    // Where this fails the next owner waits for the lease to run out.
    if (!this.#lost) await this.#remote.within('release', () => this.#lease.release()).catch(() => {});
    await this.#connection.close().catch(() => {});
  }

  #start(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      // Who came between the last look and now.
      if (this.#waiting.length > 0) this.#start();
    });
  }

  async #writeAll(): Promise<void> {
    // Callers of the same turn share the first entry already.
    await Promise.resolve();
    do {
      const group = this.#takeGroup();
      try {
        await this.#ensureOwnership();
        await this.#write(group);
      } catch (error) {
        this.#rejectAll([...group, ...this.#waiting.splice(0)], error);
      }
    } while (this.#waiting.length > 0);
  }

  async #write(group: readonly Pending[]): Promise<void> {
    const fixed = this.#fix(group);
    const writes = this.#generations.place(toWrites(fixed));
    if (writes.length > 0) {
      const seq = ++this.#seq;
      const key = journalKey(this.#lease.epoch, seq);
      try {
        await this.#remote.set(key, encodeJournal(writes));
      } catch (error) {
        this.#lease.applied = seq;
        this.#hasDoubt = true;
        throw error;
      }
      for (const change of fixed) applyTo(this.#state, change);
      for (const pending of group) pending.resolve();
      await this.#applyForSure(writes, key);
    } else {
      for (const pending of group) pending.resolve();
    }
  }

  /** The journal holds the commit, so it is done; but none may follow before its keys are written. */
  async #applyForSure(writes: readonly KeyvWrite[], journal: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        if (attempt > 0) await this.#ensureOwnership();
        await this.#remote.apply(writes);
        await this.#remote.delete(journal);
        this.#lease.applied = this.#seq;
        return;
      } catch (error) {
        this.#generations.doubt(writes);
        if (attempt === 0)
          this.#options.logger.error({ error: String(error) }, 'a commit is not applied yet; trying on');
        this.#rejectAll(this.#waiting.splice(0), error);
        await sleep(this.#options.clock, Math.min(100 * 2 ** attempt, MAX_RETRY_MS), this.#stop.signal);
        if (this.#stop.signal.aborted || this.#lost) return;
      }
    }
  }

  #takeGroup(): Pending[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && count < MAX_GROUP_COMMITS) {
      bytes += this.#waiting[count].bytes;
      if (count > 0 && bytes > MAX_GROUP_BYTES) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** Gives enqueued items their ids, so that applying a commit again enqueues nothing twice. */
  #fix(group: readonly Pending[]): FixedChange[] {
    const nextIds = new Map<string, number>();
    return group.flatMap(({ changes }) =>
      changes.map((change): FixedChange => {
        if (change.op !== 'enqueue') return change;
        const id = nextIds.get(change.queue) ?? this.#state.nextId(change.queue);
        nextIds.set(change.queue, id + 1);
        return { ...change, id };
      }),
    );
  }

  #rejectAll(pending: readonly Pending[], error: unknown): void {
    for (const { reject } of pending) reject(error);
  }

  /** @throws StoreLockedError, for ever, once another process has taken over */
  async #ensureOwnership(): Promise<void> {
    if (this.#lost) throw this.#lost;
    if (!this.#lease.isDue() && !this.#hasDoubt && !this.#mustRewrite) return;
    try {
      const renewal = await this.#remote.within('renew the lease', () => this.#lease.renew());
      this.#hasDoubt = false;
      if (renewal !== 'kept') this.#tellOfLoss(renewal);
    } catch (error) {
      if (error instanceof StoreLockedError) {
        this.#lost = error;
        this.#options.logger.error({ error: error.message }, 'another process has taken the store over');
      }
      throw error;
    }
    if (!this.#mustRewrite) return;
    // A restart without persistence, a flush, a copy that lagged behind: memory still has all of it.
    const writes = this.#generations.place(toWrites([...this.#state.dump()]));
    try {
      await this.#remote.apply(writes);
      await this.#removeOthers(writes);
    } catch (error) {
      this.#generations.doubt(writes);
      throw error;
    }
    this.#mustRewrite = false;
  }

  #tellOfLoss(renewal: 'gone' | 'older'): void {
    this.#mustRewrite = true;
    const { logger, shown, meter, reportHealth } = this.#options;
    logger.error({ store: shown }, `the shared store was ${LOSSES[renewal]}; writing it anew from memory`);
    meter.createCounter('hids_store_losses').add(1, { reason: renewal });
    reportHealth?.({ name: 'store lost its state', subject: shown, fields: { reason: LOSSES[renewal] } });
  }

  /** What an older copy still holds: delivered requests, and values that were removed since. */
  async #removeOthers(writes: readonly KeyvWrite[]): Promise<void> {
    const kept = new Set([OWNER_KEY, ...writes.map(({ key }) => key)]);
    const others: string[] = [];
    const list = async () => {
      for await (const [key] of entriesOf(this.#connection.keyv)) if (!kept.has(key)) others.push(key);
    };
    await this.#remote.within('read', list, REWRITE_LIMIT_MS);
    for (const key of others) await this.#remote.delete(key);
  }

  #scheduleRenewal(): void {
    const { clock, leaseMs = LEASE_MS } = this.#options;
    this.#renewal = clock.setTimeout(() => {
      // The loop renews before it writes; without anything to write it does only that.
      this.#start();
      if (this.#closing === undefined && !this.#lost) this.#scheduleRenewal();
    }, leaseMs / 3);
  }
}

function applyTo(state: MemoryState, change: FixedChange): void {
  if (change.op === 'enqueue') state.enqueue(change.queue, change.payload, change.id);
  else if (change.op === 'reserve') state.reserveIds(change.queue, change.nextId);
  else state.apply(change);
}

/** The caller may go on using its buffers. */
function copyOf(change: Change): Change {
  if (change.op === 'put') return { ...change, value: Uint8Array.from(change.value) };
  if (change.op === 'enqueue') return { ...change, payload: Uint8Array.from(change.payload) };
  if (change.op === 'dequeue') return { ...change, ids: [...change.ids] };
  return change;
}

function sizeOf(change: Change): number {
  if (change.op === 'put') return change.value.byteLength;
  return change.op === 'enqueue' ? change.payload.byteLength : 0;
}
