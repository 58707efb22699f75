import type { Logger } from '../component/host.ts';
import type { Change, WorkUnit } from '../component/state-store.ts';

/** What one batch leads to, until it is committed or rolled back. */
export class BatchWorkUnit implements WorkUnit {
  readonly changes: Change[] = [];
  /** Bytes of values and payloads. */
  size = 0;
  readonly #logger: Logger;
  readonly #onCommit: (() => void)[] = [];
  readonly #onRollback: (() => void)[] = [];
  #sealed = false;
  #giveUp: AbortController | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
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
    this.#giveUp ??= new AbortController();
    this.#giveUp.abort();
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
