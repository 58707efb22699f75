import type { LogBatch } from '../pdata/logs.ts';
import type { Host } from './host.ts';
import type { Change, WorkUnit } from './state-store.ts';

/**
 * Created from configuration without side effects; `start` opens what it needs and returns soon, background work
 * continues until `shutdown`. `shutdown` flushes, is safe to call twice and without `start`.
 */
export interface Component {
  start(host: Host): Promise<void>;
  shutdown(): Promise<void>;
  /**
   * Told to all when the process begins to end, long before the turn of those at the end of a pipeline to shut down: who
   * holds batches back must not do so for much longer.
   */
  prepareShutdown?(): void;
}

/** A processor or an exporter as its predecessor in the pipeline sees it. */
export interface Consumer {
  /** Whether `consume` changes the batch; only then does a fan-out give it a copy. */
  readonly mutatesData: boolean;
  /**
   * May be given a batch while the one before is still in it: once that one said `letNextBegin` of its unit of work. It
   * awaits `turn` before anybody behind it sees the batch, and before it rejects.
   */
  readonly overlaps?: boolean;
  /**
   * Neither it nor anybody behind it looks at `LogRecord.alert`, or at any record once `consume` is over: who makes records
   * need not make the former, and may take back the memory of the latter.
   */
  readonly ignoresAlerts?: boolean;
  /**
   * Resolves when the batch needs no more from the caller: passed on, or its outcome added to `work`.
   * Rejects with PermanentError (drop and count), RefusedError (again later) or anything else (again, with backoff).
   */
  consume(batch: LogBatch, work: WorkUnit): Promise<void>;
  /**
   * Asked before a batch is worked on, so that nothing is evaluated in vain and taken back.
   * @throws RefusedError where it would be refused at the end, as far as that can be told before its content is known
   */
  checkRoom?(): void;
}

/**
 * What a receiver hands its batches to: the entry of all pipelines it belongs to. Resolving means that everything
 * the batch led to is safe, together with `progress` (the receiver's own offsets); only then may it acknowledge.
 */
export interface Intake {
  consume(batch: LogBatch, progress?: readonly Change[]): Promise<void>;
  /**
   * Resolves when a batch that is handed over at once is worked on at once: who can hold it in a smaller form waits for
   * that before he makes a batch of it. Turns are given one after the other, those that take long each in a round of the
   * event loop of its own, so that deliveries get on in between.
   */
  turn?(): Promise<void>;
}

export type Receiver = Component;
export type Processor = Component & Consumer;
export type Exporter = Component & Consumer;
export type Extension = Component;
