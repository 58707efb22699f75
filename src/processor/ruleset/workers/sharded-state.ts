import { RefusedError } from '../../../component/errors.ts';
import type { Settings } from '../../../component/host.ts';
import type { Change, WorkUnit } from '../../../component/state-store.ts';
import { CommandRuns } from '../command-runs.ts';
import type { Ruleset } from '../compile/ruleset.ts';
import type { Quota } from '../evaluate/state/host-shares.ts';
import type { Evicted } from '../evaluate/state/limits.ts';
import type { StateView } from '../state-view.ts';
import { HostShards } from './host-shards.ts';
import { OWN_NAMESPACES, ownNamespace } from './layout.ts';
import type { Row } from './messages.ts';
import type { ShardMemory } from './outcome-codec.ts';
import type { WorkerPool } from './pool.ts';
import { CountKeeper } from './shared-counts.ts';
import { KeyKeeper, type KeyMemory } from './shared-keys.ts';

/** Until units that are under way have ended; receivers come again. */
const RESTORE_RETRY_MS = 50;

/** What one batch adds to its unit of work. */
export interface ShardedUnit {
  /** All of the batch is on its way: what the main thread remembers of it belongs to this unit, later ones to theirs. */
  noteSent(): void;
  /** @throws RefusedError where a batch failed since, that this one builds upon */
  check(): void;
  /** What a worker remembers. */
  take(shard: number, memory: ShardMemory): void;
  /** Adds what is kept here for all workers; nothing comes after it. */
  finish(): void;
}

/**
 * What the engines of all workers remember, as one: the main thread alone reads and writes the store. While a worker
 * owns what belongs to its hosts, what counts for all hosts is kept here.
 */
export class ShardedState {
  readonly runs = new CommandRuns();
  readonly hosts: HostShards;
  readonly #settings: Settings;
  readonly #view: StateView;
  readonly #workers: number;
  readonly #keys: KeyKeeper;
  readonly #counts = new CountKeeper();
  #ruleset: Ruleset | undefined;
  #evicted: Evicted[] = [];
  /** Units that carry engine state and have neither been committed nor rolled back. */
  #openUnits = 0;
  /** A unit failed, or a worker ended: what engines remember is not what the store holds. */
  #isAhead = false;
  /** How often that was since the start: what was evaluated before is worth nothing after. */
  #failures = 0;
  #ends = 0;

  constructor(settings: Settings, view: StateView, workers: number, fts?: Quota) {
    this.#keys = new KeyKeeper(fts);
    this.hosts = new HostShards(workers);
    this.#settings = settings;
    this.#view = view;
    this.#workers = workers;
  }

  get keyMemory(): KeyMemory {
    return this.#keys.memory;
  }

  get isAhead(): boolean {
    return this.#isAhead;
  }

  /** Nothing can be evaluated until it was seen to while no thread works. */
  get isUntidy(): boolean {
    return this.#keys.isUntidy;
  }

  tidy(): void {
    this.#keys.tidy();
  }

  /** A batch failed: those that were evaluated on top of it are not to be stored. */
  fail(): void {
    this.#isAhead = true;
    this.#failures++;
  }

  readSnapshot(slot: string): Uint8Array | undefined {
    return this.#view.get('diff', slot);
  }

  workerEnded(): void {
    this.#isAhead = true;
    this.#ends++;
  }

  /** Memory for what rules count, fitted to another ruleset. */
  use(ruleset: Ruleset): SharedArrayBuffer {
    this.#ruleset = ruleset;
    return this.#counts.use(ruleset);
  }

  /** @throws where the store cannot be read */
  load(pool: WorkerPool): void {
    this.runs.load(this.#view);
    this.hosts.load(this.#view);
    this.#keys.load(this.#view);
    this.#counts.load(this.#view, this.#ruleset);
    pool.restore((index) => this.#rowsOf(index));
  }

  /**
   * Takes everything back to what the store holds, with workers in place of those that ended.
   * @throws RefusedError while that cannot be
   */
  async goBack(pool: WorkerPool): Promise<void> {
    if (this.#openUnits > 0) throw new RefusedError('state goes back to what is stored', RESTORE_RETRY_MS);
    this.#isAhead = true;
    const ends = this.#ends;
    await pool.revive();
    try {
      this.load(pool);
    } catch (error) {
      this.#settings.logger.error({ component: this.#settings.id, error }, 'the stored state cannot be read yet');
      throw new RefusedError('state goes back to what is stored', RESTORE_RETRY_MS, { cause: error });
    }
    if (ends === this.#ends) this.#isAhead = false;
  }

  /** Makes what the engines remember go with the unit. */
  enlist(work: WorkUnit, pool: WorkerPool): ShardedUnit {
    const shards = new Set<number>();
    this.#openUnits++;
    work.onCommit(() => {
      this.#openUnits--;
      for (const shard of shards) pool.confirm(shard);
    });
    work.onRollback(() => {
      this.#openUnits--;
      this.fail();
    });
    const failures = this.#failures;
    const own: Change[] = [];
    const add = (change: Change) => work.add(this.#view.outer(change));
    return {
      check: () => {
        if (failures !== this.#failures) throw new RefusedError('state goes back to what is stored', RESTORE_RETRY_MS);
      },
      noteSent: () => own.push(...this.runs.drain(), ...this.hosts.drain()),
      take: (shard, { changes, added, evicted, counted }) => {
        shards.add(shard);
        for (const change of changes) add(this.#outer(change, shard));
        this.#keys.absorb(added);
        if (counted) this.#counts.absorb(counted);
        this.#evicted.push(...evicted);
      },
      finish: () => {
        const changes = own;
        this.#keys.drain(changes);
        this.#counts.drain(changes);
        for (const change of changes) add(change);
      },
    };
  }

  /** What was given up for want of room since the last call. */
  takeEvictions(): readonly Evicted[] {
    const evicted = [...this.#evicted, ...this.#keys.takeEvictions()];
    this.#evicted = [];
    return evicted;
  }

  /** Where a worker's change stands in the store. */
  #outer(change: Change, shard: number): Change {
    if (!('namespace' in change)) return change;
    return { ...change, namespace: ownNamespace(change.namespace, shard, this.#workers) };
  }

  #rowsOf(index: number): Row[] {
    return OWN_NAMESPACES.flatMap((namespace) =>
      [...this.#view.entries(ownNamespace(namespace, index, this.#workers))].map(
        ([key, value]): Row => [namespace, key, value],
      ),
    );
  }
}
