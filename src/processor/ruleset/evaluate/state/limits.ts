import type { EvictionBound, OnEviction, Quota } from './host-shares.ts';

/** Kinds of memory that are bounded by host. */
export type StateKind = 'history' | 'diff' | 'fts' | 'ignore' | 'accumulator';

export interface StateSize {
  readonly entries: number;
  /** As accounted. */
  readonly bytes: number;
}

export interface StateLimits {
  /** Past events that correlations search. Strict keeps to the original's number of events for all hosts instead. */
  readonly history: Quota;
  /** `check_diff` texts; where a store follows, on disk. */
  readonly diff: Quota;
  /** Bytes of those texts in memory; without a store it is their bound. */
  readonly diffCacheBytes: number;
  /** First-time-seen keys: the originals keep all of them for ever. */
  readonly fts: Quota;
  /** Entries of the `ignore` element. */
  readonly ignore: Quota;
  readonly accumulator: Quota;
}

const MIB = 2 ** 20;

const quota = (entries: number, bytes: number, hostEntries: number, hostBytes: number): Quota => ({
  entries,
  bytes,
  hostEntries,
  hostBytes,
});

export const DEFAULT_STATE_LIMITS: StateLimits = {
  history: quota(32_768, 64 * MIB, 8192, 16 * MIB),
  diff: quota(100_000, 512 * MIB, 2000, 64 * MIB),
  diffCacheBytes: 32 * MIB,
  fts: quota(200_000, 48 * MIB, 50_000, 12 * MIB),
  ignore: quota(50_000, 12 * MIB, 12_500, 3 * MIB),
  accumulator: quota(10_000, 16 * MIB, 2500, 4 * MIB),
};

/** What was forgotten of one kind and for one reason. */
export interface Evicted {
  readonly kind: StateKind;
  readonly bound: EvictionBound;
  readonly count: number;
  /** Whose the last of them was. */
  readonly host: string;
}

/** Adds up what was forgotten for want of room until somebody asks. */
export class EvictionLog {
  private readonly found: { kind: StateKind; bound: EvictionBound; count: number; host: string }[] = [];

  notes(kind: StateKind): OnEviction {
    const host = { kind, bound: 'host' as const, count: 0, host: '' };
    const total = { kind, bound: 'total' as const, count: 0, host: '' };
    return (name, bound) => {
      const noted = bound === 'host' ? host : total;
      if (noted.count++ === 0) this.found.push(noted);
      noted.host = name;
    };
  }

  /** Since the last call. */
  take(): readonly Evicted[] {
    if (this.found.length === 0) return NONE;
    const taken = this.found.map((noted) => ({ ...noted }));
    for (const noted of this.found) noted.count = 0;
    this.found.length = 0;
    return taken;
  }
}

const NONE: readonly Evicted[] = [];
