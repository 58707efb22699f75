import type { Change, QueueItem, StateStore } from '../component/state-store.ts';
import { checkChanges } from './changes.ts';
import { StoreClosedError } from './errors.ts';
import { MemoryState } from './memory-state.ts';

/** A store that forgets everything with the process: for tests and for runs that only print. */
export class MemoryStateStore implements StateStore {
  readonly #state = new MemoryState();
  #closed = false;

  get(namespace: string, key: string): Uint8Array | undefined {
    return this.#state.get(namespace, key);
  }

  entries(namespace: string, prefix?: string): Iterable<readonly [key: string, value: Uint8Array]> {
    return this.#state.entries(namespace, prefix);
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.#closed) throw new StoreClosedError();
    checkChanges(changes);
    for (const change of changes) this.#state.apply(change);
  }

  peek(queue: string, limit: number, afterId?: number): QueueItem[] {
    return this.#state.peek(queue, limit, afterId);
  }

  queueSize(queue: string): { items: number; bytes: number } {
    return this.#state.queueSize(queue);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}
