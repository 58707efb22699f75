import type { Clock } from '../../../component/clock.ts';
import { RefusedError } from '../../../component/errors.ts';
import type { LocalHost } from '../../../component/host.ts';
import { listKey } from '../compile/lists.ts';
import { MemoryList } from '../compile/memory-list.ts';
import { sendEntries } from '../compile/packed-list.ts';
import type { Ruleset } from '../compile/ruleset.ts';
import type { RulesetConfig } from '../config.ts';
import type { UsableContent } from '../live/live-content.ts';
import type { Row, SentContent, SentList } from './messages.ts';
import { OutcomeReader, type RuleNumbers, type ShardOutcome } from './outcome-codec.ts';
import { ShardWorker } from './shard-worker.ts';
import type { KeyMemory } from './shared-keys.ts';

export interface PoolOptions {
  readonly workers: number;
  readonly config: RulesetConfig;
  readonly localHost: LocalHost;
  readonly clock: Clock;
  readonly keys: KeyMemory;
  readonly sendsAlerts: boolean;
  readSnapshot(key: string): Uint8Array | undefined;
  countRules(numbers: RuleNumbers): void;
  /** A worker ended by itself: what it remembered is gone. */
  ended(reason: Error): void;
  /** All work again. */
  recovered(): void;
}

/** Milliseconds until a worker that ends again and again is replaced once more. */
const FIRST_DELAY = 200;
const MAX_DELAY = 30_000;

/** The worker threads of one processor. One that ended is replaced by `revive`. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #workers: (ShardWorker | undefined)[];
  /** About to come into force. */
  #next: UsableContent | undefined;
  /** In force. */
  #content: UsableContent | undefined;
  #counts = new SharedArrayBuffer(0);
  #isStopped = false;
  /** How often each ended since a batch went well. */
  readonly #ends: number[];
  /** Epoch milliseconds before which none is replaced. */
  #notBefore = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: options.workers }, () => undefined);
    this.#ends = this.#workers.map(() => 0);
  }

  /**
   * Starts those that are not there.
   * @throws RefusedError for a while, where one ended soon after it was started
   * @throws where one does not come up
   */
  async revive(): Promise<void> {
    const wait = this.#notBefore - this.#options.clock.now();
    if (!this.isComplete && wait > 0) throw new RefusedError('a worker thread of the ruleset ended', wait);
    const content = this.#content;
    await Promise.all(
      this.#workers.map(async (present, index) => {
        if (present) return;
        const worker = this.#start(index);
        if (!content) return;
        try {
          await worker.prepare(contentOf(content));
          worker.use(this.#counts);
          if (this.#next) await worker.prepare(contentOf(this.#next));
        } catch (error) {
          // One without rules would fail with every batch: the next attempt is with another one.
          if (this.#workers[index] === worker) this.#giveUp(index, worker);
          throw error;
        }
      }),
    );
  }

  /** A batch went through. */
  noteSuccess(): void {
    if (this.#ends.every((count) => count === 0)) return;
    this.#ends.fill(0);
    this.#options.recovered();
  }

  get isComplete(): boolean {
    return this.#workers.every((worker) => worker !== undefined);
  }

  /** All compile what is about to come into force. One that ends on the way gets it when it is replaced. */
  async prepare(content: UsableContent): Promise<void> {
    const sent = contentOf(content);
    this.#next = content;
    await Promise.all(
      this.#workers.map(async (worker, index) => {
        try {
          await worker?.prepare(sent);
        } catch (error) {
          if (this.#workers[index] === worker || this.#isStopped) throw error;
        }
      }),
    );
  }

  /** What was prepared last is in force from here on; `counts` is its memory for what rules count. */
  use(content: UsableContent, counts: SharedArrayBuffer): void {
    this.#content = content;
    this.#next = undefined;
    this.#counts = counts;
    for (const worker of this.#workers) worker?.use(counts);
  }

  replaceLists(names: ReadonlySet<string>, ruleset: Ruleset): void {
    const lists = listsOf(ruleset, new Set([...names].map(listKey)));
    for (const worker of this.#workers) worker?.replaceLists(lists);
  }

  restore(rowsOf: (index: number) => readonly Row[]): void {
    this.#workers.forEach((worker, index) => {
      worker?.restore(rowsOf(index));
    });
  }

  confirm(index: number): void {
    this.#workers[index]?.confirm();
  }

  evaluate(index: number, message: ArrayBuffer, nowMs: number, isLast: boolean): Promise<ShardOutcome> {
    const worker = this.#workers[index];
    if (!worker) return Promise.reject(new Error('a worker thread of the ruleset is not there'));
    return worker.evaluate(message, nowMs, isLast);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#workers.map((worker) => worker?.stop()));
  }

  #giveUp(index: number, worker: ShardWorker): void {
    this.#workers[index] = undefined;
    this.#wait(index);
    void worker.stop();
  }

  /** The first time it is replaced at once. */
  #wait(index: number): void {
    const ends = (this.#ends[index] ?? 0) + 1;
    this.#ends[index] = ends;
    const delay = ends === 1 ? 0 : Math.min(FIRST_DELAY * 2 ** (ends - 2), MAX_DELAY);
    this.#notBefore = Math.max(this.#notBefore, this.#options.clock.now() + delay);
  }

  #start(index: number): ShardWorker {
    if (this.#isStopped) throw new Error('the worker threads of the ruleset are stopped');
    const { workers, config, localHost, keys, sendsAlerts, readSnapshot, countRules, ended } = this.#options;
    const worker: ShardWorker = new ShardWorker({
      start: { config, localHost, workers, keys, sendsAlerts },
      reader: new OutcomeReader(),
      readSnapshot,
      countRules,
      ended: (reason) => {
        if (this.#workers[index] === worker) this.#workers[index] = undefined;
        this.#wait(index);
        ended(reason);
      },
    });
    this.#workers[index] = worker;
    return worker;
  }
}

function contentOf({ source, ruleset, agentIds }: UsableContent): SentContent {
  if (!source) throw new Error('the ruleset was loaded without its source');
  const { lists: _lists, ...files } = source;
  return { source: files, lists: listsOf(ruleset), agentIds, fingerprint: ruleset.fingerprint };
}

function listsOf(ruleset: Ruleset, names?: ReadonlySet<string>): SentList[] {
  return [...ruleset.lists].flatMap(([name, list]) => {
    if (names && !names.has(name)) return [];
    // What is not held in memory cannot be looked up from another thread.
    if (!(list instanceof MemoryList)) throw new Error(`list ${name} is not held in memory: it needs workers: 1`);
    return [{ name, entries: sendEntries(list.entries) }];
  });
}
