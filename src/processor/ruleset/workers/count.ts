import { availableParallelism } from 'node:os';
import type { RulesetConfig } from '../config.ts';

type Deciding = Pick<RulesetConfig, 'workers' | 'compat' | 'dialect' | 'identity'>;

/** Threads that a configuration comes to. */
export function workerCount(config: Deciding): number {
  if (config.workers !== 'auto') return config.workers;
  return whyOneThread(config) === undefined ? Math.min(availableParallelism(), 64) : 1;
}

/** Why hosts cannot be evaluated apart from each other; undefined where they can. */
export function whyOneThread({ compat, dialect, identity }: Deciding): string | undefined {
  if (compat === 'strict') return 'compat: strict is bug for bug as the original, which has one thread';
  if (dialect === 'ossec') return 'rules of the ossec dialect correlate across hosts';
  if (identity.source === 'header') return 'with identity.source: header all records count as one host';
  return undefined;
}
