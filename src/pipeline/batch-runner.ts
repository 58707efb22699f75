import type { Counter, Meter } from '@opentelemetry/api';
import { RefusedError } from '../component/errors.ts';
import type { Logger } from '../component/host.ts';
import type { Change, StateStore, WorkUnit } from '../component/state-store.ts';
import { BatchWorkUnit, GivenUpError } from './work-unit.ts';

/** Batches that may wait for their turn; receivers that hand over one at a time never get there. */
const MAX_WAITING = 1000;
/** Bounds of what one commit holds; the rest goes into the next one. */
const MAX_GROUP_BATCHES = 256;
const MAX_GROUP_BYTES = 16 * 1024 * 1024;

/** Batches that are at work at the same time, where consumers overlap them. */
const MAX_AT_WORK = 4;
/**
 * For how long turns are given in one round of the event loop: small batches share a commit, and after a large one
 * deliveries get on.
 */
const ROUND_MS = 10;

interface Task {
  /** Gone once it is done, and the batch with it: what waits for the disk holds no records. */
  work: ((unit: WorkUnit) => Promise<void>) | undefined;
  progress: readonly Change[];
  /** It may begin while those before it are at work. */
  overlaps: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** A batch from when it begins until it is stored or taken back. */
interface Attempt {
  readonly task: Task;
  readonly unit: BatchWorkUnit;
  state: 'works' | 'done' | 'failed';
  error?: unknown;
}

export interface BatchRunnerOptions {
  /** Where results go; asked for with each commit, since it is opened after the pipelines are built. */
  store(): StateStore;
  logger: Logger;
  meter: Meter;
  /** Told of every commit's outcome: undefined when it succeeded. */
  onOutcome?(error: unknown): void;
  /** Milliseconds that only grow; `performance.now` by default. */
  now?(): number;
}

/**
 * Runs batches through consumers that share state in memory, and commits what they lead to.
 *
 * Batches run one after the other; where consumers overlap them, the next begins once its predecessor only waits for other
 * threads, and everything that others can see still happens in order. Commits are grouped: while one is on its way to the
 * disk, the next batches run and are committed together after it. They were evaluated on top of the state of those before
 * them, so a commit that fails takes all of them back, newest first, and every caller hears it only then. With each sent
 * again in the same order nothing is lost and nothing counted twice. A batch that fails by itself takes back those that
 * began after it; these begin anew, and their callers hear nothing of it.
 */
export class BatchRunner {
  readonly #options: BatchRunnerOptions;
  readonly #commits: Counter;
  readonly #committed: Counter;
  readonly #rolledBack: Counter;
  readonly #waiting: Task[] = [];
  /** At work, in the order of their beginning; those that are done wait here for the ones before them. */
  #atWork: Attempt[] = [];
  #finished: Attempt[] = [];
  #committing = false;
  /** A failed commit that waits for the batches at work to end before it takes everything back. */
  #failed: { group: Attempt[]; error: unknown } | undefined;
  /** After a failure batches are committed one by one, so that one that can never be stored fails alone. */
  #single = false;
  /** After a batch failed: one at a time until one succeeds, and the first when what is done has been stored. */
  #isCareful = false;
  #awaitsCommits = false;
  #idle: (() => void)[] = [];
  readonly #turns: { overlaps: boolean; give(): void }[] = [];
  #turnGiven = false;
  #roundAsked = false;
  #roundEnds = 0;
  readonly #now: () => number;

  constructor(options: BatchRunnerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    const { meter } = options;
    this.#commits = meter.createCounter('hids_pipeline_commits', { description: 'Commits of one or more batches' });
    this.#committed = meter.createCounter('hids_pipeline_committed_batches', {
      description: 'Batches whose results are stored',
    });
    this.#rolledBack = meter.createCounter('hids_pipeline_rolled_back_batches', {
      description: 'Batches taken back because a consumer refused them or a commit failed',
    });
  }

  /**
   * Resolves when what the work led to, and the progress, are stored; rejects when nothing of them is. The work may be
   * called again for a batch that was taken back. `overlaps`: it keeps to its unit's `turn`.
   */
  run(
    work: (unit: WorkUnit) => Promise<void>,
    progress: readonly Change[],
    { overlaps = false }: { overlaps?: boolean } = {},
  ): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(new RefusedError(`${MAX_WAITING} batches are waiting already`, 1000));
    }
    this.#turnGiven = false;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, progress, overlaps, resolve, reject });
      this.#next();
    });
  }

  /** Resolves when a batch handed over now begins at once; so many callers in each round of the event loop as ROUND_MS allows. */
  turn({ overlaps = false }: { overlaps?: boolean } = {}): Promise<void> {
    return new Promise((resolve) => {
      this.#turns.push({ overlaps, give: resolve });
      this.#offerTurn();
    });
  }

  #offerTurn(): void {
    if (this.#turnGiven || this.#roundAsked || !this.#mayTurn()) return;
    if (this.#now() < this.#roundEnds) {
      this.#giveTurn();
      return;
    }
    this.#roundAsked = true;
    setImmediate(() => {
      this.#roundAsked = false;
      this.#roundEnds = this.#now() + ROUND_MS;
      if (this.#mayTurn()) this.#giveTurn();
    });
  }

  /** Who gets it may find that he has no batch: then it is the next one's in the next round. */
  #giveTurn(): void {
    this.#turnGiven = true;
    this.#turns.shift()?.give();
    setImmediate(() => {
      this.#turnGiven = false;
      this.#offerTurn();
    });
  }

  #mayTurn(): boolean {
    const [first] = this.#turns;
    return first !== undefined && this.#waiting.length === 0 && this.#mayBegin(first);
  }

  /** Resolves when no batch waits, runs or is being committed. */
  async drain(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#atWork.length === 0 && this.#finished.length === 0 && !this.#committing;
  }

  /** Starts whatever can start now; called after every change of state. */
  #next(): void {
    if (this.#finished.length === 0 && !this.#committing) this.#awaitsCommits = false;
    while (this.#waiting[0] && this.#mayBegin(this.#waiting[0])) void this.#run(this.#waiting.shift()!);
    if (!this.#committing && this.#finished.length > 0) void this.#commit();
    this.#offerTurn();
    if (this.#isIdle()) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #mayBegin({ overlaps }: { overlaps: boolean }): boolean {
    if (this.#failed || this.#awaitsCommits) return false;
    const last = this.#atWork.at(-1);
    if (!last) return true;
    return (
      overlaps &&
      last.unit.isNextFree &&
      !this.#isCareful &&
      this.#atWork.length < MAX_AT_WORK &&
      this.#atWork.every(({ state }) => state !== 'failed')
    );
  }

  async #run(task: Task): Promise<void> {
    const unit = new BatchWorkUnit(this.#options.logger, () => this.#next());
    const attempt: Attempt = { task, unit, state: 'works' };
    this.#atWork.push(attempt);
    if (this.#atWork.length === 1) unit.giveTurn();
    try {
      await task.work?.(unit);
      for (const change of task.progress) unit.add(change);
      unit.seal();
      attempt.state = 'done';
    } catch (error) {
      attempt.state = 'failed';
      attempt.error = error;
      // Those behind it build upon it.
      for (const later of this.#atWork.slice(this.#atWork.indexOf(attempt) + 1)) later.unit.giveUp();
    }
    this.#settle();
    this.#next();
  }

  /** After a batch has ended: passes the turn on, and takes back what is to be once nobody works any more. */
  #settle(): void {
    while (this.#atWork[0]?.state === 'done') {
      const done = this.#atWork.shift()!;
      done.task.work = undefined;
      this.#finished.push(done);
      this.#isCareful = false;
      this.#atWork[0]?.unit.giveTurn();
    }
    if (this.#atWork.some(({ state }) => state === 'works')) return;
    if (this.#failed) this.#takeBack(this.#failed);
    else if (this.#atWork.length > 0) this.#beginAnew();
  }

  /** The first batch at work failed: its caller hears so, those behind it begin anew. */
  #beginAnew(): void {
    const [first, ...later] = this.#atWork.splice(0);
    this.#rolledBack.add(1 + later.length);
    for (const { unit } of [first, ...later].toReversed()) unit.rollBack();
    this.#isCareful = true;
    this.#awaitsCommits = true;
    this.#waiting.unshift(...later.map(({ task }) => task));
    first.task.reject(first.error);
  }

  async #commit(): Promise<void> {
    this.#committing = true;
    const group = this.#takeGroup();
    const changes = group.flatMap(({ unit }) => unit.changes);
    try {
      if (changes.length > 0) {
        await this.#options.store().commit(changes);
        this.#commits.add(1);
        this.#options.onOutcome?.(undefined);
      }
    } catch (error) {
      this.#options.onOutcome?.(error);
      this.#failed = { group, error };
      for (const { unit } of this.#atWork) unit.giveUp();
      this.#settle();
      this.#next();
      return;
    }
    this.#committing = false;
    this.#single = false;
    this.#committed.add(group.length);
    for (const { unit } of group) unit.committed();
    for (const { task } of group) task.resolve();
    this.#next();
  }

  #takeGroup(): Attempt[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#finished.length && count < (this.#single ? 1 : MAX_GROUP_BATCHES)) {
      bytes += this.#finished[count].unit.size;
      if (count > 0 && bytes > MAX_GROUP_BYTES) break;
      count++;
    }
    return this.#finished.splice(0, count);
  }

  #takeBack({ group, error }: { group: Attempt[]; error: unknown }): void {
    const taken = [...group, ...this.#finished, ...this.#atWork];
    this.#finished = [];
    this.#atWork = [];
    this.#failed = undefined;
    this.#committing = false;
    this.#single = true;
    this.#isCareful = true;
    this.#rolledBack.add(taken.length);
    this.#options.logger.error(
      { batches: taken.length, error: String(error) },
      'a commit failed; its batches come again',
    );
    for (const { unit } of taken.toReversed()) unit.rollBack();
    for (const { task, state, error: own } of taken) {
      task.reject(state === 'failed' && !(own instanceof GivenUpError) ? own : error);
    }
  }
}
