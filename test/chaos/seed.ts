import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '../support/random.ts';
import { checkComplete, compareRuns } from './compare.ts';
import { chooseFaults, FAULTS, type Fault } from './faults.ts';
import { createLoad, type LoadSize } from './load.ts';
import { type RunResult, removeFolder, runOnce } from './run.ts';

export interface SeedOptions {
  seed: number;
  entry: string;
  size: LoadSize;
  /** Faults of the disturbed run. */
  faults: number;
  /** Only those with one of these names. */
  only?: readonly string[];
  /** Further ones, for a store of its own. */
  more?: readonly Fault[];
  /** Settings of a `keyv_storage` extension for each run; the data directory's SQLite file where absent. */
  storage?(run: 'disturbed' | 'undisturbed'): Readonly<Record<string, unknown>>;
}

export interface SeedResult {
  seed: number;
  lines: number;
  changes: number;
  disturbed: RunResult;
  violations: string[];
  seconds: number;
  /** Kept where something was violated. */
  folder: string;
}

export const DEFAULT_SIZE: LoadSize = { phases: 3, steps: 40, changes: 3 };
export const DEFAULT_FAULTS = 9;

/** The load of a seed twice, once with faults and once without, and what differs. */
export async function runSeed({
  seed,
  entry,
  size,
  faults,
  only,
  more = [],
  storage,
}: SeedOptions): Promise<SeedResult> {
  const started = Date.now();
  const folder = mkdtempSync(join(tmpdir(), `otel-hids-chaos-${seed}-`));
  const load = createLoad(seed, size);
  const possible = [...FAULTS, ...more].filter(
    (fault) => fault.unavailable?.() === undefined && (only === undefined || only.includes(fault.name)),
  );
  const plan = chooseFaults(createRandom(seed), faults, possible);
  const run = (name: 'disturbed' | 'undisturbed') =>
    runOnce({
      seed,
      load,
      entry,
      folder: join(folder, name),
      faults: name === 'disturbed' ? plan : [],
      ...(storage && { storage: storage(name) }),
    });
  const undisturbed = await run('undisturbed');
  const disturbed = await run('disturbed');
  const violations = [
    ...undisturbed.violations.map((text) => `undisturbed: ${text}`),
    ...checkComplete(undisturbed.alerts, load).map((text) => `undisturbed: ${text}`),
    ...disturbed.violations,
    ...checkComplete(disturbed.alerts, load),
    ...compareRuns(disturbed.alerts, undisturbed.alerts),
  ];
  if (violations.length > 0) violations.push(`faults, in order: ${plan.map(({ name }) => name).join(' | ')}`);
  else removeFolder(folder);
  const seconds = (Date.now() - started) / 1000;
  return { seed, lines: load.lines, changes: load.changes, disturbed, violations, seconds, folder };
}
