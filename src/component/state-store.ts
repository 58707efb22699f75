/**
 * The one place where detection state, receiver offsets and queued alerts live, so that they change together.
 * Opened by `storage/`, handed out by the host. One process owns a store at a time.
 */
export interface StateStore {
  /** The stored value; synchronous, since rules read snapshots while they evaluate. */
  get(namespace: string, key: string): Uint8Array | undefined;
  /** All entries of a namespace whose key starts with `prefix`, in ascending byte order of the key. */
  entries(namespace: string, prefix?: string): Iterable<readonly [key: string, value: Uint8Array]>;
  /**
   * Applies all changes or none, in order; resolves when they would survive a power cut. Concurrent calls may share
   * one transaction (group commit), and are applied in the order of the calls.
   */
  commit(changes: readonly Change[]): Promise<void>;
  /**
   * Oldest items of a queue with an id greater than `afterId`, at most `limit`, in order of their enqueueing. Their payloads
   * are copies for the caller alone, who may give their memory back.
   */
  peek(queue: string, limit: number, afterId?: number): QueueItem[];
  /** Number of items and the bytes they hold. */
  queueSize(queue: string): { items: number; bytes: number };
  close(): Promise<void>;
}

export type Change =
  | { op: 'put'; namespace: string; key: string; value: Uint8Array }
  | { op: 'delete'; namespace: string; key: string }
  | { op: 'enqueue'; queue: string; payload: Uint8Array }
  | { op: 'dequeue'; queue: string; ids: readonly number[] };

export interface QueueItem {
  /** Grows with every item of this queue. */
  id: number;
  payload: Uint8Array;
}

/**
 * What one batch leads to. Consumers add to it while they work; the pipeline commits it when all of them have resolved.
 * When one of them rejects, or the commit fails, `onRollback` callbacks run and nothing of it is stored.
 */
export interface WorkUnit {
  add(change: Change): void;
  onCommit(callback: () => void): void;
  onRollback(callback: () => void): void;
  /**
   * Aborts when the batch will be taken back whatever comes of it, because one that it builds upon could not be stored: a
   * consumer that waits for something then rejects, or those batches, which may hold what it waits for, would wait for it.
   */
  readonly givenUp: AbortSignal;
  /**
   * Lets the next batch begin while this one waits for what other threads work out. Whoever calls it awaits `turn` before
   * it hands on, adds to the unit or rejects. Only for consumers that say `overlaps`.
   */
  letNextBegin(): void;
  /**
   * Resolves when all batches before this one have ended, so that everything goes on in order; rejects when one of them
   * failed, and this one, which builds upon it, is taken back and begins anew.
   */
  turn(): Promise<void>;
}
