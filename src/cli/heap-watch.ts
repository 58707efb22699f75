import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../component/clock.ts';
import { releaseHeap } from '../heap.ts';

const EVERY_MS = 10_000;
/** What is worth the tenth of a second that it takes to give it back. */
const WORTH_BYTES = 24 * 2 ** 20;

/**
 * Gives pages of the heap back that came since the last time, where these are many: V8 keeps the most it ever needed,
 * and at full load each collection that comes a little late makes that a little more. Returns what ends it.
 */
export function watchHeap(clock: Clock): () => void {
  let base = pages();
  const look = () => {
    const isWorthIt = pages() - base >= WORTH_BYTES;
    if (isWorthIt) releaseHeap();
    base = isWorthIt ? pages() : Math.min(base, pages());
    timer = clock.setTimeout(look, EVERY_MS);
  };
  let timer = clock.setTimeout(look, EVERY_MS);
  return () => timer.cancel();
}

/** Bytes. */
function pages(): number {
  return getHeapStatistics().total_heap_size;
}
