import type { MessagePort } from 'node:worker_threads';
import type { LocalHost } from '../../../component/host.ts';
import type { RulesetSource } from '../compile/compile.ts';
import type { SentEntries } from '../compile/packed-list.ts';
import type { RulesetConfig } from '../config.ts';
import type { RuleNumbers } from './outcome-codec.ts';
import type { KeyMemory } from './shared-keys.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly config: RulesetConfig;
  readonly localHost: LocalHost;
  /** How many there are: they divide what may be remembered. */
  readonly workers: number;
  /** Somebody behind the processor looks at decisions in full. */
  readonly sendsAlerts: boolean;
  readonly keys: KeyMemory;
  readonly snapshots: SnapshotChannel;
  /** Of `ActivityCells`. */
  readonly activity: SharedArrayBuffer;
}

/** For the one thing a worker has to wait for while it evaluates: a snapshot that is on disk only. */
export interface SnapshotChannel {
  readonly port: MessagePort;
  /** One cell: how many answers were given. */
  readonly answers: SharedArrayBuffer;
}

export interface SentList {
  readonly name: string;
  readonly entries: SentEntries;
}

/** What every worker compiles for itself: expressions cannot be sent. */
export interface SentContent {
  readonly source: Omit<RulesetSource, 'lists'>;
  readonly lists: readonly SentList[];
  readonly agentIds: ReadonlyMap<string, string>;
  readonly fingerprint: string;
}

export type Row = readonly [namespace: string, key: string, value: Uint8Array];

export type ToWorker =
  /** Compile it, and say so; nothing changes yet. */
  | { readonly kind: 'prepare'; readonly content: SentContent }
  /** What was prepared last is in force. */
  | { readonly kind: 'use'; readonly counts: SharedArrayBuffer }
  | { readonly kind: 'lists'; readonly lists: readonly SentList[] }
  /** Forget everything: this is what the store holds. */
  | { readonly kind: 'restore'; readonly rows: readonly Row[] }
  /** Evaluate; `isLast` of this batch: then what is remembered comes back, too. */
  | { readonly kind: 'records'; readonly message: ArrayBuffer; readonly nowMs: number; readonly isLast: boolean }
  /** The oldest batch that was not confirmed yet is safe. */
  | { readonly kind: 'confirm' };

export type FromWorker =
  | { readonly kind: 'prepared'; readonly error?: string }
  | { readonly kind: 'outcome'; readonly message: ArrayBuffer }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'rules'; readonly numbers: RuleNumbers };
