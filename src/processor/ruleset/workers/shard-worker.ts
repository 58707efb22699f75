import { MessageChannel, Worker } from 'node:worker_threads';
import { ActivityCells } from './activity.ts';
import type { FromWorker, Row, SentContent, SentList, ToWorker, WorkerStart } from './messages.ts';
import type { OutcomeReader, RuleNumbers, ShardOutcome } from './outcome-codec.ts';
import type { SnapshotAnswer } from './row-store.ts';

/** The same file beside this one, in source and compiled. */
const PROGRAM = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url);

export interface ShardWorkerOptions {
  readonly start: Omit<WorkerStart, 'snapshots' | 'activity'>;
  readonly reader: OutcomeReader;
  /** A snapshot that the worker does not hold in memory. */
  readSnapshot(key: string): Uint8Array | undefined;
  countRules(numbers: RuleNumbers): void;
  /** It ended without being told to; nothing of it comes any more. */
  ended(reason: Error): void;
}

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** One worker thread, as the main thread talks to it. Answers come in the order of what was sent. */
export class ShardWorker {
  readonly #options: ShardWorkerOptions;
  readonly #thread: Worker;
  readonly #outcomes: Waiting<ShardOutcome>[] = [];
  readonly #prepared: Waiting<void>[] = [];
  #end: Error | undefined;
  #isStopping = false;

  constructor(options: ShardWorkerOptions) {
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    const answers = new Int32Array(new SharedArrayBuffer(4));
    const activity = new ActivityCells();
    const snapshots = { port: port2, answers: answers.buffer };
    const workerData: WorkerStart = { ...options.start, snapshots, activity: activity.memory };
    this.#thread = new Worker(PROGRAM, { workerData, transferList: [port2], name: 'ruleset' });
    port1.on('message', (key: string) => {
      port1.postMessage(this.#readSnapshot(key));
      Atomics.add(answers, 0, 1);
      Atomics.notify(answers, 0);
    });
    this.#thread.on('message', (message: FromWorker) => this.#receive(message));
    let reason: unknown;
    let hasReason = false;
    const note = (error: unknown) => {
      // The first one is the cause of the others.
      if (!hasReason) reason = error;
      hasReason = true;
    };
    this.#thread.on('error', note);
    this.#thread.on('messageerror', (error) => {
      note(new Error(`its answer cannot be read: ${error.message}`, { cause: error }));
      void this.#thread.terminate();
    });
    this.#thread.on('exit', (code) => {
      port1.close();
      this.#end = describeEnd(hasReason ? { reason } : undefined, code, activity);
      for (const waiting of [...this.#outcomes.splice(0), ...this.#prepared.splice(0)]) waiting.reject(this.#end);
      if (!this.#isStopping) this.#options.ended(this.#end);
    });
  }

  /** Resolves when it has compiled the content. */
  prepare(content: SentContent): Promise<void> {
    return this.#await(this.#prepared, { kind: 'prepare', content });
  }

  use(counts: SharedArrayBuffer): void {
    this.#post({ kind: 'use', counts });
  }

  replaceLists(lists: readonly SentList[]): void {
    this.#post({ kind: 'lists', lists });
  }

  restore(rows: readonly Row[]): void {
    this.#post({ kind: 'restore', rows });
  }

  confirm(): void {
    this.#post({ kind: 'confirm' });
  }

  /** Gives the message away. */
  evaluate(message: ArrayBuffer, nowMs: number, isLast: boolean): Promise<ShardOutcome> {
    return this.#await(this.#outcomes, { kind: 'records', message, nowMs, isLast }, [message]);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#thread.terminate();
  }

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (!this.#end) this.#thread.postMessage(message, transfer);
  }

  #await<T>(queue: Waiting<T>[], message: ToWorker, transfer?: ArrayBuffer[]): Promise<T> {
    if (this.#end) return Promise.reject(this.#end);
    return new Promise<T>((resolve, reject) => {
      queue.push({ resolve, reject });
      this.#post(message, transfer);
    });
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'outcome':
        this.#settleOutcome(message.message);
        return;
      case 'failed':
        this.#outcomes.shift()?.reject(new Error(`evaluation failed: ${message.error}`));
        return;
      case 'prepared':
        if (message.error === undefined) this.#prepared.shift()?.resolve();
        else this.#prepared.shift()?.reject(new Error(message.error));
        return;
      case 'rules':
        this.#options.countRules(message.numbers);
    }
  }

  #settleOutcome(message: ArrayBuffer): void {
    const waiting = this.#outcomes.shift();
    try {
      const outcome = this.#options.reader.read(message);
      waiting?.resolve(outcome);
    } catch (error) {
      waiting?.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #readSnapshot(key: string): SnapshotAnswer {
    try {
      const value = this.#options.readSnapshot(key);
      return value === undefined ? {} : { value };
    } catch (error) {
      return { error: String(error) };
    }
  }
}

/** Why a thread is not there any more. Without an error somebody ended it, or it ran out of what to wait for. */
export function describeEnd(found: { reason: unknown } | undefined, code: number, activity: ActivityCells): Error {
  const place = `exit code ${code}, ${activity.describe()}`;
  if (!found) return new Error(`a worker thread of the ruleset ended without an error (${place})`);
  const { reason } = found;
  const { message, code: name } = reason instanceof Error ? (reason as NodeJS.ErrnoException) : {};
  const what = name === undefined ? (message ?? String(reason)) : `${message} (${name})`;
  return new Error(`a worker thread of the ruleset ended: ${what} (${place})`, { cause: reason });
}
