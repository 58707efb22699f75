import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningProcess, startProcess, waitFor } from './process.ts';

export const ROOT = new URL('../../', import.meta.url).pathname;

/** Logged when receivers have started. */
const READY = /"msg":"running"/;

export interface HidsOptions {
  /** Arguments of `--set`, without the option. */
  set?: Readonly<Record<string, string>>;
  env?: NodeJS.ProcessEnv;
  /** Keeps state over restarts; a new one where absent. */
  dataDir?: string;
  /** `src/cli/main.ts` by default; tests of the package take the built `dist/cli/main.js`. */
  entry?: string;
}

/** A folder for one test's files. */
export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `otel-hids-${name}-`));
}

/** Our own program as a user runs it, in a process of its own; resolves when it is ready. */
export async function startHids(configFile: string, options: HidsOptions = {}): Promise<RunningProcess> {
  const set = Object.entries(options.set ?? {}).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const args = [
    join(ROOT, options.entry ?? 'src/cli/main.ts'),
    'run',
    '--config',
    configFile,
    '--data-dir',
    options.dataDir ?? temporaryFolder('data'),
    ...set,
  ];
  const hids = startProcess(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...options.env } });
  await waitFor('otel-hids is ready', () => READY.test(hids.output()) || undefined, { process: hids });
  return hids;
}

/** Alerts of a file in the `wazuh_json` format, once there are as many as asked for. */
export function waitForAlerts(path: string, count: number, hids: RunningProcess): Promise<Record<string, unknown>[]> {
  return waitFor(
    `${count} alerts in ${path}`,
    () => {
      const alerts = readAlerts(path);
      return alerts.length >= count ? alerts : undefined;
    },
    { process: hids },
  );
}

/** Alerts that a file in the `wazuh_json` format holds by now. */
export function readAlerts(path: string): Record<string, unknown>[] {
  return readLines(path).map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Complete lines of a file; none while it does not exist. */
export function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}
