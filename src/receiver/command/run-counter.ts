import type { Change, StateStore } from '../../component/state-store.ts';

const NAMESPACE = 'receiver/command';

/**
 * Numbers runs so that a later run always has the greater number: epoch milliseconds of its start, or one more than the
 * last number where the clock has gone back. So they keep growing after a lost store too.
 */
export class RunCounter {
  readonly #receiverId: string;
  #last: number;

  constructor(receiverId: string, store: StateStore) {
    this.#receiverId = receiverId;
    const stored = store.get(NAMESPACE, receiverId);
    const last = stored === undefined ? 0 : Number(Buffer.from(stored).toString('latin1'));
    this.#last = Number.isSafeInteger(last) ? last : 0;
  }

  next(startedAt: number): number {
    this.#last = Math.max(Math.floor(startedAt), this.#last + 1);
    return this.#last;
  }

  /** What makes the number of the last run survive, to be committed with its records. */
  progress(): Change {
    return { op: 'put', namespace: NAMESPACE, key: this.#receiverId, value: Buffer.from(String(this.#last), 'latin1') };
  }
}
