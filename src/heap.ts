import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/** Bytes for new objects, both halves. */
const YOUNG_BYTES = 16 * 2 ** 20;
/** How much old memory may grow, in percent, before it is looked through for what is gone. */
const OLD_GROWTH = 40;
/** Elements of the arrays that fill the young generation up; below what V8 would keep apart as large. */
const FILLER = 4096;
const MAX_FILLERS = 2000;

/**
 * Keeps the process small. By itself V8 gives new objects up to 128 MB and lets old memory grow fourfold before it is
 * collected, as programs with much more memory want it: with a full ruleset that is hundreds of megabytes of garbage.
 *
 * The size of the young generation is fixed when the process starts and can only be held from then on, so it is filled up
 * to the size it shall have (some milliseconds), and kept from growing further. To be called before much is allocated.
 * Who starts Node.js with sizes of his own gets those.
 */
export function boundHeap(execArgv: readonly string[], nodeOptions: string | undefined): void {
  setFlagsFromString(ONE_SCAVENGER);
  if (OWN_SIZES.test(`${execArgv.join(' ')} ${nodeOptions ?? ''}`)) return;
  fillYoungGeneration();
  setFlagsFromString(HOLD);
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH}`);
  setEnvironmentData(BOUND, new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/**
 * To be called at the start of a worker thread that evaluates: each has a young generation of its own, which begins at two
 * megabytes and is held there where the process is bounded.
 */
export function growWorkerHeap(): void {
  const lock = getEnvironmentData(BOUND);
  if (!(lock instanceof SharedArrayBuffer)) return;
  // The flags are those of all threads: one that is done must not hold back another one.
  const cell = new Int32Array(lock);
  while (Atomics.compareExchange(cell, 0, 0, 1) !== 0) Atomics.wait(cell, 0, 1);
  try {
    setFlagsFromString(GROW);
    fillYoungGeneration();
    setFlagsFromString(HOLD);
  } finally {
    Atomics.store(cell, 0, 0);
    Atomics.notify(cell, 0);
  }
}

/**
 * Gives back what a thread took while it compiled, some thirty megabytes: by itself V8 keeps pages that are half empty, and
 * free ones for later. Takes a tenth of a second. Does nothing where the process is not bounded.
 */
export function releaseHeap(): void {
  if (getEnvironmentData(BOUND) === undefined) return;
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect !== 'function') return;
  // The one that also gives pages back, and the young generation.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  growWorkerHeap();
}

function fillYoungGeneration(): void {
  const fillers: number[][] = [];
  while (youngBytes() < YOUNG_BYTES && fillers.length < MAX_FILLERS) fillers.push(new Array(FILLER).fill(0));
}

/** Worker threads inherit it: one cell, 1 while one of them grows. */
const BOUND = 'otel-hids heap bound';
const GROW = '--semi-space-growth-factor=2';
const HOLD = '--semi-space-growth-factor=1';
/**
 * Helper threads make a collection of so few megabytes no shorter, but burn CPU of their own while they look for work:
 * `npm run bench -- --only "engine: sshd"` makes an eighth more of a CPU second without them.
 */
const ONE_SCAVENGER = '--no-parallel-scavenge';
const OWN_SIZES = /semi[-_]space|heap[-_]growing|old[-_]space|heap[-_]size/;

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? YOUNG_BYTES;
}
