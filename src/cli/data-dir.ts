import { join, resolve } from 'node:path';
import type { CliIo } from './io.ts';

/**
 * Where state and dead letters are kept: what was asked for, else `OTEL_HIDS_DATA_DIR`, else systemd's state directory,
 * else the system's place for root and `otel-hids-data` below the working directory for everyone else.
 */
export function findDataDir(option: string | undefined, env: CliIo['env'], isRoot = process.geteuid?.() === 0): string {
  const named = option ?? env.OTEL_HIDS_DATA_DIR ?? env.STATE_DIRECTORY?.split(':')[0];
  if (named !== undefined && named !== '') return resolve(named);
  return isRoot ? '/var/lib/otel-hids' : resolve('otel-hids-data');
}

export function stateFile(dataDir: string): string {
  return join(dataDir, 'state.db');
}
