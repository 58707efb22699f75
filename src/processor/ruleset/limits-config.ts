import { z } from 'zod';
import { byteSize } from '../../config/byte-size.ts';
import { duration } from '../../config/duration.ts';
import { section } from '../../config/section.ts';
import type { Quota } from './evaluate/state/host-shares.ts';
import { DEFAULT_STATE_LIMITS, type StateLimits } from './evaluate/state/limits.ts';

const MAX_BYTES = 2 ** 40;

const sizeOf = (bytes: number): string => `${bytes / 2 ** 20}MiB`;

const quota = (of: Quota) =>
  z
    .strictObject({
      entries: z.int().min(10).default(of.entries).describe('of all hosts; the heaviest host gives up its oldest'),
      bytes: byteSize(65_536, MAX_BYTES).prefault(sizeOf(of.bytes)).describe('of all hosts, as accounted'),
      host_entries: z.int().min(10).default(of.hostEntries).describe('of one host, which gives up its oldest'),
      host_bytes: byteSize(65_536, MAX_BYTES).prefault(sizeOf(of.hostBytes)).describe('of one host, as accounted'),
    })
    .prefault({});

/** What the engine may remember, by kind. */
export const memorySchema = section(
  z.strictObject({
    history: quota(DEFAULT_STATE_LIMITS.history).describe(
      'past events that correlations search; with compat: strict the last 8192 of all hosts instead',
    ),
    snapshots: quota(DEFAULT_STATE_LIMITS.diff).describe('texts of check_diff, in the store'),
    snapshot_cache: byteSize(65_536, MAX_BYTES)
      .prefault(sizeOf(DEFAULT_STATE_LIMITS.diffCacheBytes))
      .describe('texts of check_diff in memory'),
    first_seen: quota(DEFAULT_STATE_LIMITS.fts).describe('first-time-seen keys'),
    ignore: quota(DEFAULT_STATE_LIMITS.ignore).describe('what the `ignore` element of OSSEC rules wrote down'),
    accumulator: quota(DEFAULT_STATE_LIMITS.accumulator).describe('events that <accumulate> decoders complete'),
  }),
);

/** When a pattern that takes too many steps again and again is not asked any more. */
export const suspendSchema = section(
  z.strictObject({
    after: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(20)
      .describe('times that a pattern was given up on events of one host; 0: never suspend'),
    within: duration().prefault('1m').describe('the time in which they count'),
    for: duration().prefault('10m').describe('how long it is not asked about events of that host'),
  }),
);

export type MemoryConfig = z.output<typeof memorySchema>;

/** `parts`: among how many engines the sums are divided; what one host may hold stays, up to the whole part. */
export function stateLimitsOf(memory: MemoryConfig, parts = 1): StateLimits {
  const share = (sum: number) => Math.max(1, Math.floor(sum / parts));
  const toQuota = ({ entries, bytes, host_entries, host_bytes }: MemoryConfig['history']): Quota => ({
    entries: share(entries),
    bytes: share(bytes),
    hostEntries: Math.min(host_entries, share(entries)),
    hostBytes: Math.min(host_bytes, share(bytes)),
  });
  return {
    history: toQuota(memory.history),
    diff: toQuota(memory.snapshots),
    diffCacheBytes: share(memory.snapshot_cache),
    fts: toQuota(memory.first_seen),
    ignore: toQuota(memory.ignore),
    accumulator: toQuota(memory.accumulator),
  };
}
