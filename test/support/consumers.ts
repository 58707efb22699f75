import type { Consumer, Intake } from '../../src/component/component.ts';
import type { Change, StateStore, WorkUnit } from '../../src/component/state-store.ts';
import type { LogBatch, LogRecord } from '../../src/pdata/logs.ts';
import { countRecords } from '../../src/pdata/logs.ts';

/** A work unit as the pipeline makes one, driven by the test. */
export class TestWorkUnit implements WorkUnit {
  readonly changes: Change[] = [];
  readonly givingUp = new AbortController();
  readonly givenUp = this.givingUp.signal;
  readonly #onCommit: (() => void)[] = [];
  readonly #onRollback: (() => void)[] = [];

  add(change: Change): void {
    this.changes.push(change);
  }
  letNextBegin(): void {}
  async turn(): Promise<void> {}
  onCommit(callback: () => void): void {
    this.#onCommit.push(callback);
  }
  onRollback(callback: () => void): void {
    this.#onRollback.push(callback);
  }

  /** Commits what was added, then runs the `onCommit` callbacks; on failure the `onRollback` ones, and rejects. */
  async commit(store: StateStore): Promise<void> {
    try {
      await store.commit(this.changes);
    } catch (error) {
      this.rollback();
      throw error;
    }
    for (const callback of this.#onCommit) callback();
  }

  rollback(): void {
    for (const callback of this.#onRollback.toReversed()) callback();
  }
}

/** Keeps what it is given; `fail` decides per call whether to reject instead. */
export class CollectingConsumer implements Consumer {
  readonly mutatesData: boolean;
  readonly batches: LogBatch[] = [];
  /** Called before a batch is kept; what it throws or rejects with is the answer. */
  fail: ((batch: LogBatch, call: number) => void | Promise<void>) | undefined;
  /** What it throws is the answer to a caller who asks before it has a batch worked on. */
  checkRoom: () => void = () => {};
  #calls = 0;

  constructor(mutatesData = false) {
    this.mutatesData = mutatesData;
  }

  async consume(batch: LogBatch, _work: WorkUnit): Promise<void> {
    await this.fail?.(batch, this.#calls++);
    this.batches.push(batch);
  }

  get records(): LogRecord[] {
    return recordsOf(this.batches);
  }
}

/** What a receiver under test hands its batches to. */
export class CollectingIntake implements Intake {
  readonly batches: LogBatch[] = [];
  readonly progress: Change[] = [];
  /** Called before a batch is accepted; what it throws or rejects with is the answer. A promise holds the batch back. */
  fail: ((batch: LogBatch, call: number) => void | Promise<void>) | undefined;
  /** Where `progress` is committed before the batch counts as accepted. */
  readonly store: StateStore | undefined;
  /** Calls whose answer is not given yet. */
  inFlight = 0;
  #calls = 0;
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor(store?: StateStore) {
    this.store = store;
  }

  async consume(batch: LogBatch, progress: readonly Change[] = []): Promise<void> {
    this.inFlight++;
    try {
      await this.fail?.(batch, this.#calls++);
      await this.store?.commit(progress);
    } finally {
      this.inFlight--;
    }
    this.batches.push(batch);
    this.progress.push(...progress);
    const count = this.recordCount;
    this.#waiting = this.#waiting.filter((waiter) => {
      if (count < waiter.count) return true;
      waiter.resolve();
      return false;
    });
  }

  get records(): LogRecord[] {
    return recordsOf(this.batches);
  }

  get recordCount(): number {
    return this.batches.reduce((sum, batch) => sum + countRecords(batch), 0);
  }

  /** Resolves when at least that many records have been accepted in all. */
  async waitForRecords(count: number): Promise<LogRecord[]> {
    if (this.recordCount < count) await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    return this.records;
  }
}

export function recordsOf(batches: readonly LogBatch[]): LogRecord[] {
  return batches.flatMap((batch) => batch.logs.flatMap((group) => group.records));
}
