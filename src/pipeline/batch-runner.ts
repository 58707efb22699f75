import type { Counter, Meter } from '@opentelemetry/api';
import { RefusedError } from '../component/errors.ts';
import type { Logger } from '../component/host.ts';
import type { Change, StateStore, WorkUnit } from '../component/state-store.ts';
import { BatchWorkUnit } from './work-unit.ts';

/** Batches that may wait for their turn; receivers that hand over one at a time never get there. */
const MAX_WAITING = 1000;
/** Bounds of what one commit holds; the rest goes into the next one. */
const MAX_GROUP_BATCHES = 256;
const MAX_GROUP_BYTES = 16 * 1024 * 1024;

interface Task {
  work(unit: WorkUnit): Promise<void>;
  progress: readonly Change[];
  resolve(): void;
  reject(error: unknown): void;
}

interface Finished {
  task: Task;
  unit: BatchWorkUnit;
}

export interface BatchRunnerOptions {
  /** Where results go; asked for with each commit, since it is opened after the pipelines are built. */
  store(): StateStore;
  logger: Logger;
  meter: Meter;
  /** Told of every commit's outcome: undefined when it succeeded. */
  onOutcome?(error: unknown): void;
}

/**
 * Runs batches through consumers that share state in memory, and commits what they lead to.
 *
 * Batches run one after the other, commits are grouped: while one is on its way to the disk, the next batches run and
 * are committed together after it. They were evaluated on top of the state of those before them, so a commit that
 * fails takes all of them back, newest first, and every caller hears it only then. With each sent again in the same
 * order nothing is lost and nothing counted twice.
 */
export class BatchRunner {
  readonly #options: BatchRunnerOptions;
  readonly #commits: Counter;
  readonly #committed: Counter;
  readonly #rolledBack: Counter;
  readonly #waiting: Task[] = [];
  #running: BatchWorkUnit | undefined;
  #finished: Finished[] = [];
  #committing = false;
  /** A failed commit that waits for the running batch to end before it takes everything back. */
  #failed: { group: Finished[]; error: unknown } | undefined;
  /** After a failure batches are committed one by one, so that one that can never be stored fails alone. */
  #single = false;
  #idle: (() => void)[] = [];

  constructor(options: BatchRunnerOptions) {
    this.#options = options;
    const { meter } = options;
    this.#commits = meter.createCounter('hids_pipeline_commits', { description: 'Commits of one or more batches' });
    this.#committed = meter.createCounter('hids_pipeline_committed_batches', {
      description: 'Batches whose results are stored',
    });
    this.#rolledBack = meter.createCounter('hids_pipeline_rolled_back_batches', {
      description: 'Batches taken back because a consumer refused them or a commit failed',
    });
  }

  /** Resolves when what the work led to, and the progress, are stored; rejects when nothing of them is. */
  run(work: (unit: WorkUnit) => Promise<void>, progress: readonly Change[]): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(new RefusedError(`${MAX_WAITING} batches are waiting already`, 1000));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, progress, resolve, reject });
      this.#next();
    });
  }

  /** Resolves when no batch waits, runs or is being committed. */
  async drain(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #isIdle(): boolean {
    return this.#waiting.length === 0 && !this.#running && this.#finished.length === 0 && !this.#committing;
  }

  /** Starts whatever can start now; called after every change of state. */
  #next(): void {
    if (this.#failed && !this.#running) this.#takeBack(this.#failed);
    if (!this.#running && !this.#failed) {
      const task = this.#waiting.shift();
      if (task) void this.#run(task);
    }
    if (!this.#committing && this.#finished.length > 0) void this.#commit();
    if (this.#isIdle()) for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #run(task: Task): Promise<void> {
    const unit = new BatchWorkUnit(this.#options.logger);
    this.#running = unit;
    try {
      await task.work(unit);
      for (const change of task.progress) unit.add(change);
      unit.seal();
      this.#finished.push({ task, unit });
    } catch (error) {
      unit.rollBack();
      this.#rolledBack.add(1);
      task.reject(error);
    }
    this.#running = undefined;
    this.#next();
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
      this.#running?.giveUp();
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

  #takeGroup(): Finished[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#finished.length && count < (this.#single ? 1 : MAX_GROUP_BATCHES)) {
      bytes += this.#finished[count].unit.size;
      if (count > 0 && bytes > MAX_GROUP_BYTES) break;
      count++;
    }
    return this.#finished.splice(0, count);
  }

  #takeBack({ group, error }: { group: Finished[]; error: unknown }): void {
    const taken = [...group, ...this.#finished];
    this.#finished = [];
    this.#failed = undefined;
    this.#committing = false;
    this.#single = true;
    this.#rolledBack.add(taken.length);
    this.#options.logger.error(
      { batches: taken.length, error: String(error) },
      'a commit failed; its batches come again',
    );
    for (const { unit } of taken.toReversed()) unit.rollBack();
    for (const { task } of taken) task.reject(error);
  }
}
