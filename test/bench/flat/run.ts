import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createReport, describeRun } from '../runner/report.ts';
import type { FlatPoint } from './child.ts';
import { drawFlat } from './plot.ts';
import { formatFlat, updateFlat } from './report.ts';
import { FLAT_SERIES } from './series.ts';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
const PAGE = fileURLToPath(new URL('../../../docs/performance.md', import.meta.url));
const PLOT = fileURLToPath(new URL('../../../docs/performance-flat.svg', import.meta.url));
/** A million windows are more than a heap holds by default. */
const HEAP_MB = 6000;

export interface FlatOptions {
  /** Series whose name contains one of these; all, if none is given. */
  readonly only: readonly string[] | undefined;
  readonly json: string | undefined;
  readonly docs: boolean;
}

/** Measures every point in a process of its own, prints the table, and writes it with the plot into the docs. */
export function runFlat({ only, json, docs }: FlatOptions): void {
  const points: FlatPoint[] = [];
  for (const { name, numbers } of FLAT_SERIES) {
    if (only && !only.some((text) => name.includes(text))) continue;
    for (const count of numbers) {
      const args = ['--expose-gc', `--max-old-space-size=${HEAP_MB}`, CHILD, name, String(count)];
      const { stdout, status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      if (status !== 0) {
        process.exitCode = 1;
        continue;
      }
      const point = JSON.parse(stdout.toString()) as FlatPoint;
      points.push(point);
      process.stderr.write(`${name}, ${count}: ${point.microseconds.median.toFixed(2)} us an event\n`);
    }
  }
  const run = createReport([], 0);
  process.stdout.write(`${formatFlat(points)}\n`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ ...run, points }, null, 1)}\n`);
  if (!docs) return;
  writeFileSync(PLOT, drawFlat(points));
  writeFileSync(PAGE, updateFlat(readFileSync(PAGE, 'utf8'), points, `${describeRun(run)}.`));
}
