import { getHeapStatistics } from 'node:v8';
import { calibrate } from './calibrate.ts';
import type { BenchCase, CaseResult, Spread, Workload } from './case.ts';

export interface MeasureOptions {
  readonly runs: number;
  /** CPU seconds of each run; twice as long before the first to warm up. */
  readonly seconds: number;
}

/** Single items timed for p50 and p99. */
const TIMED = 50_000;

export async function measureCase(
  bench: BenchCase,
  workload: Workload,
  { runs, seconds }: MeasureOptions,
): Promise<CaseResult> {
  await runFor(workload, seconds * 2);
  const rates: number[] = [];
  const ratios: number[] = [];
  for (let run = 0; run < runs; run++) {
    const before = calibrate();
    const rate = await runFor(workload, seconds);
    rates.push(rate);
    ratios.push(rate / ((before + calibrate()) / 2));
  }
  const rssMb = process.memoryUsage().rss / 1e6;
  const times = workload.one && timeSingles(workload.one);
  return {
    name: bench.name,
    unit: bench.unit,
    target: bench.target,
    bytes: workload.bytes,
    rate: spreadOf(rates),
    ratio: spreadOf(ratios),
    startMs: workload.startMs,
    startCpuMs: workload.startCpuMs,
    rssMb,
    p50: times?.p50,
    p99: times?.p99,
    allocated: workload.one && allocationOf(workload.one),
  };
}

/** Items per CPU second over at least `seconds` of CPU time. */
async function runFor(workload: Workload, seconds: number): Promise<number> {
  let items = 0;
  let used = 0;
  let step = 1000;
  while (used < seconds) {
    const start = process.cpuUsage();
    const done = await workload.run(step);
    const { user, system } = process.cpuUsage(start);
    const took = (user + system) / 1e6;
    items += done;
    used += took;
    // Aim at runs of a quarter, so that reading the clock costs nothing.
    step = Math.max(1000, Math.min(1_000_000, Math.round((done * seconds) / 4 / Math.max(took, 1e-3))));
  }
  return items / used;
}

function timeSingles(one: () => void): { p50: number; p99: number } {
  const times = new Float64Array(TIMED);
  for (let index = 0; index < TIMED; index++) {
    const start = performance.now();
    one();
    times[index] = (performance.now() - start) * 1000;
  }
  times.sort();
  return { p50: times[TIMED >> 1]!, p99: times[Math.floor(TIMED * 0.99)]! };
}

/** By how much the heap grows over a few items; the median of many tries, since a collection may come in between. */
function allocationOf(one: () => void): number | undefined {
  const tries: number[] = [];
  for (let round = 0; round < 100; round++) {
    const before = getHeapStatistics().used_heap_size;
    for (let index = 0; index < 200; index++) one();
    const grown = getHeapStatistics().used_heap_size - before;
    if (grown > 0) tries.push(grown / 200);
  }
  return tries.length === 0 ? undefined : spreadOf(tries).median;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, low: sorted[0]!, high: sorted[sorted.length - 1]! };
}
