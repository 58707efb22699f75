import { RefusedError } from '../component/errors.ts';
import type { Logger } from '../component/host.ts';
import type { Change, WorkUnit } from '../component/state-store.ts';

/** Milliseconds after which whoever handed the batch over may try again, should it ever hear of this. */
const RETRY_MS = 50;

/** The batch is taken back, whatever comes of it, since one that it builds upon failed. */
export class GivenUpError extends RefusedError {
  constructor() {
    super('a batch that came before could not be stored', RETRY_MS);
  }
}

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

/** What one batch leads to, until it is committed or rolled back. */
export class BatchWorkUnit implements WorkUnit {
  readonly changes: Change[] = [];
  /** Bytes of values and payloads. */
  size = 0;
  readonly #logger: Logger;
  readonly #onCommit: (() => void)[] = [];
  readonly #onRollback: (() => void)[] = [];
  readonly #onFree: () => void;
  readonly #awaiting: Waiting[] = [];
  #sealed = false;
  #giveUp: AbortController | undefined;
  #isGivenUp = false;
  #hasTurn = false;
  #isNextFree = false;

  /** `onFree` hears when the next batch may begin before this one has ended. */
  constructor(logger: Logger, onFree: () => void = () => {}) {
    this.#logger = logger;
    this.#onFree = onFree;
  }

  get isNextFree(): boolean {
    return this.#isNextFree;
  }

  letNextBegin(): void {
    if (this.#isNextFree || this.#sealed) return;
    this.#isNextFree = true;
    this.#onFree();
  }

  turn(): Promise<void> {
    if (this.#isGivenUp) return Promise.reject(new GivenUpError());
    if (this.#hasTurn) return Promise.resolve();
    return new Promise((resolve, reject) => this.#awaiting.push({ resolve, reject }));
  }

  /** All batches before this one have ended. */
  giveTurn(): void {
    this.#hasTurn = true;
    for (const { resolve } of this.#awaiting.splice(0)) resolve();
  }

  add(change: Change): void {
    this.#checkOpen();
    this.changes.push(change);
    if (change.op === 'put') this.size += change.value.byteLength;
    else if (change.op === 'enqueue') this.size += change.payload.byteLength;
  }

  onCommit(callback: () => void): void {
    this.#checkOpen();
    this.#onCommit.push(callback);
  }

  onRollback(callback: () => void): void {
    this.#checkOpen();
    this.#onRollback.push(callback);
  }

  /** Made only where somebody waits. */
  get givenUp(): AbortSignal {
    this.#giveUp ??= new AbortController();
    return this.#giveUp.signal;
  }

  /** The batch will be taken back. */
  giveUp(): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#giveUp ??= new AbortController();
    this.#giveUp.abort();
    for (const { reject } of this.#awaiting.splice(0)) reject(new GivenUpError());
  }

  /** All consumers have resolved: what is added from now on would be stored with nobody's batch. */
  seal(): void {
    this.#sealed = true;
  }

  committed(): void {
    this.#runAll(this.#onCommit);
  }

  /** Newest first, as the changes in memory that they take back lie on top of each other. */
  rollBack(): void {
    this.#sealed = true;
    this.#runAll(this.#onRollback.toReversed());
  }

  #checkOpen(): void {
    if (this.#sealed) throw new Error('this batch is finished already; nothing can be added to its work');
  }

  #runAll(callbacks: readonly (() => void)[]): void {
    for (const callback of callbacks) {
      try {
        callback();
      } catch (error) {
        // One consumer's fault must not keep the others from hearing the outcome.
        this.#logger.error({ error: String(error) }, 'a callback of a finished batch failed');
      }
    }
  }
}
