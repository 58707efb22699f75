import type { Keyv } from 'keyv';
import type { Clock } from '../../component/clock.ts';
import { StoreLockedError, StoreWriteError } from '../errors.ts';
import { COMMAND_TIMEOUT_MS } from './connect.ts';
import { reasonOf } from './reason.ts';
import type { KeyvWrite } from './records.ts';

/** Entries of one call of `setMany`. */
const CHUNK = 500;
/** Removals under way at the same time. */
const PARALLEL = 32;

/** Commands to a Keyv that end: with a result, or with an error within a bounded time. */
export class Remote {
  readonly #keyv: Keyv;
  readonly #clock: Clock;
  readonly #shown: string;

  constructor(keyv: Keyv, clock: Clock, shown: string) {
    this.#keyv = keyv;
    this.#clock = clock;
    this.#shown = shown;
  }

  /** Applies writes whose order does not matter; applying them twice does no harm. */
  async apply(writes: readonly KeyvWrite[]): Promise<void> {
    const sets = writes.flatMap(({ key, value }) => (value === null ? [] : [{ key, value }]));
    const deletes = writes.flatMap(({ key, value }) => (value === null ? [key] : []));
    for (let at = 0; at < sets.length; at += CHUNK) {
      await this.within('write', () => this.#keyv.setMany(sets.slice(at, at + CHUNK)));
    }
    // One by one: not every adapter's `deleteMany` says when it failed.
    for (let at = 0; at < deletes.length; at += PARALLEL) {
      await Promise.all(deletes.slice(at, at + PARALLEL).map((key) => this.delete(key)));
    }
  }

  async set(key: string, value: string): Promise<void> {
    await this.within('write', () => this.#keyv.set(key, value));
  }

  async delete(key: string): Promise<void> {
    await this.within('write', () => this.#keyv.delete(key));
  }

  /**
   * @throws StoreWriteError where the work fails or takes too long
   * @throws StoreLockedError where the work does
   */
  async within<T>(what: string, work: () => Promise<T>, limitMs: number = COMMAND_TIMEOUT_MS): Promise<T> {
    let timer: { cancel(): void } | undefined;
    try {
      const timeout = new Promise<never>((_, reject) => {
        timer = this.#clock.setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
      });
      return await Promise.race([work(), timeout]);
    } catch (error) {
      if (error instanceof StoreLockedError) throw error;
      throw new StoreWriteError(`${this.#shown}: cannot ${what}: ${reasonOf(error)}`);
    } finally {
      timer?.cancel();
    }
  }
}
