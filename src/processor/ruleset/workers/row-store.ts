import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { QueueItem, StateStore } from '../../../component/state-store.ts';
import type { Row, SnapshotChannel } from './messages.ts';

/** The main thread answers between two turns of its loop; after that long it is not there any more. */
const WAIT_MS = 60_000;

export interface SnapshotAnswer {
  readonly value?: Uint8Array;
  readonly error?: string;
}

/** A worker's view of the store: the rows it was given, for starting from, and snapshots by asking the main thread. */
export class RowStore implements StateStore {
  readonly #rows = new Map<string, [key: string, value: Uint8Array][]>();
  readonly #port: MessagePort;
  readonly #answers: Int32Array;

  constructor(rows: readonly Row[], { port, answers }: SnapshotChannel) {
    for (const [namespace, key, value] of rows) {
      const own = this.#rows.get(namespace) ?? [];
      this.#rows.set(namespace, own);
      own.push([key, value]);
    }
    this.#port = port;
    this.#answers = new Int32Array(answers);
  }

  /** Once the state is loaded: what is left to ask for are snapshots. */
  forgetRows(): void {
    this.#rows.clear();
  }

  get(namespace: string, key: string): Uint8Array | undefined {
    const rows = this.#rows.get(namespace);
    if (rows) return rows.find(([known]) => known === key)?.[1];
    return namespace === 'diff' ? this.#ask(key) : undefined;
  }

  entries(namespace: string): readonly (readonly [string, Uint8Array])[] {
    return this.#rows.get(namespace) ?? [];
  }

  async commit(): Promise<void> {
    throw new Error('a worker has nothing to commit to');
  }

  peek(): QueueItem[] {
    return [];
  }

  queueSize(): { items: number; bytes: number } {
    return { items: 0, bytes: 0 };
  }

  async close(): Promise<void> {}

  #ask(key: string): Uint8Array | undefined {
    const before = Atomics.load(this.#answers, 0);
    this.#port.postMessage(key);
    Atomics.wait(this.#answers, 0, before, WAIT_MS);
    const answer: SnapshotAnswer | undefined = receiveMessageOnPort(this.#port)?.message;
    if (!answer) throw new Error('the main thread did not answer');
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }
}
