import { Worker } from 'node:worker_threads';
import { errorText } from './database.ts';
import type { PackedCommit } from './packed-changes.ts';
import type { WriteFault, WriterData, WriterReply, WriterRequest } from './writer-thread.ts';

/** Bounds of one transaction; what is above waits for the next one. */
const MAX_GROUP_BYTES = 16 * 1024 * 1024;
const MAX_GROUP_COMMITS = 1000;

/** The built package has .js files where the sources have .ts files. */
const WRITER_THREAD = new URL(`./writer-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

interface Pending {
  commit: PackedCommit;
  resolve(fault: WriteFault | null): void;
}

/**
 * Collects commits while the writing thread is busy and hands them over as one transaction when it is free: the more
 * callers there are, the more of them share one fsync, and a lone caller waits for none.
 */
export class GroupCommit {
  readonly #path: string;
  #worker: Worker | undefined;
  #waiting: Pending[] = [];
  #inFlight: Pending[] = [];
  #scheduled = false;
  #idle: (() => void)[] = [];
  /** What the thread has stored of `#inFlight`: known also when it ends before it can say so. */
  readonly #stored = new Int32Array(new SharedArrayBuffer(MAX_GROUP_COMMITS * Int32Array.BYTES_PER_ELEMENT));
  readonly #thread: URL;
  /** Transactions asked for so far. */
  groups = 0;

  /** `thread` is the module that writes; tests give one that ends when it should not. */
  constructor(path: string, thread = WRITER_THREAD) {
    this.#path = path;
    this.#thread = thread;
  }

  /** Commits in the order of the calls; resolves with the fault, or null when the commit is on disk. Never rejects. */
  commit(commit: PackedCommit): Promise<WriteFault | null> {
    return new Promise((resolve) => {
      this.#waiting.push({ commit, resolve });
      this.#schedule();
    });
  }

  /** Resolves when nothing waits and nothing is being written. */
  async drain(): Promise<void> {
    if (this.#waiting.length > 0 || this.#inFlight.length > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  /** Closes the writing connection; call it after `drain`. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    this.#worker = undefined;
    worker.removeAllListeners();
    worker.ref();
    const exited = new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      worker.once('error', () => resolve());
    });
    worker.postMessage({ type: 'close' } satisfies WriterRequest);
    await exited;
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight.length > 0) return;
    this.#scheduled = true;
    // Calls of the same turn share the first transaction already.
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#inFlight.length > 0 || this.#waiting.length === 0) return;
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < MAX_GROUP_COMMITS) {
      bytes += this.#waiting[count].commit.data.byteLength;
      if (count > 0 && bytes > MAX_GROUP_BYTES) break;
      count++;
    }
    this.#inFlight = this.#waiting.splice(0, count);
    this.groups++;
    this.#stored.fill(0);
    const commits = this.#inFlight.map((pending) => pending.commit);
    try {
      const worker = this.#start();
      worker.ref();
      worker.postMessage(
        { type: 'commit', commits } satisfies WriterRequest,
        commits.map((commit) => commit.data),
      );
    } catch (error) {
      this.#finish(commits.map(() => ({ message: errorText(error), corrupt: false })));
    }
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(this.#thread, {
      workerData: { path: this.#path, stored: this.#stored } satisfies WriterData,
      name: 'otel-hids store writer',
    });
    this.#worker = worker;
    worker.on('message', (reply: WriterReply) => this.#finish(reply.errors));
    const onEnd = (error: unknown) => {
      if (this.#worker !== worker) return;
      // The next commit starts a new thread. What was on its way is sent again, but for what got to the disk.
      this.#worker = undefined;
      const message = `the writing thread ended: ${errorText(error)}`;
      const corrupt = (error as { name?: unknown }).name === 'StoreCorruptError';
      this.#finish(
        this.#inFlight.map((_, index) => (Atomics.load(this.#stored, index) === 1 ? null : { message, corrupt })),
      );
    };
    worker.on('error', onEnd);
    worker.on('exit', (code) => onEnd(new Error(`exit code ${code}`)));
    return worker;
  }

  #finish(faults: readonly (WriteFault | null)[]): void {
    const finished = this.#inFlight;
    this.#inFlight = [];
    for (const [index, pending] of finished.entries()) pending.resolve(faults[index] ?? null);
    if (this.#waiting.length > 0) {
      this.#schedule();
      return;
    }
    // An idle store keeps no process alive.
    this.#worker?.unref();
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
