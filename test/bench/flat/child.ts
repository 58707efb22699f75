/** Measures one point of one series in this process and prints it as JSON; started by `run.ts` with `--expose-gc`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Spread } from '../runner/case.ts';
import { spreadOf } from '../runner/measure.ts';
import { FLAT_SERIES, type FlatCase } from './series.ts';

export interface FlatPoint {
  readonly series: string;
  readonly count: number;
  /** Microseconds of CPU time for one event. */
  readonly microseconds: Spread;
  /** Bytes of memory for one of what is counted; undefined where that is not the question. */
  readonly bytes: number | undefined;
}

const EVENTS = 20_000;
const RUNS = 7;
const STEP = 10_000;

const [name, count] = process.argv.slice(2);
const series = FLAT_SERIES.find((each) => each.name === name);
if (!series) throw new Error(`there is no series "${name}"`);
const folder = mkdtempSync(join(tmpdir(), 'otel-hids-bench-'));
try {
  const before = memory();
  const flat = await series.open(Number(count), folder);
  for (let done = 0; done < flat.fill; done += STEP) evaluate(flat, Math.min(STEP, flat.fill - done));
  const bytes = flat.memory ? (memory() - before) / Number(count) : undefined;
  evaluate(flat, EVENTS);
  const runs = Array.from({ length: RUNS }, () => evaluate(flat, EVENTS));
  const point: FlatPoint = { series: series.name, count: Number(count), microseconds: spreadOf(runs), bytes };
  process.stdout.write(JSON.stringify(point));
} finally {
  rmSync(folder, { recursive: true });
}

/** Microseconds of CPU time for one event; making the inputs is not counted. */
function evaluate({ engine, next }: FlatCase, events: number): number {
  const inputs = next(events);
  const start = process.cpuUsage();
  let alerts = 0;
  for (const input of inputs) if (engine.evaluate(input).alert) alerts++;
  const { user, system } = process.cpuUsage(start);
  if (alerts < events / 3) throw new Error(`only ${alerts} of ${events} events were alerts`);
  return (user + system) / events;
}

function memory(): number {
  if (!global.gc) throw new Error('needs --expose-gc');
  global.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
