import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const file = (path: string): string => JSON.stringify(fileURLToPath(new URL(`../../${path}`, import.meta.url)));

/** Runs in a process of its own, since the heap is that of the whole thread; bytes of pages at each step. */
function watch(steps: string): number[] {
  const program = `
    import { getHeapStatistics } from 'node:v8';
    import { boundHeap } from ${file('src/heap.ts')};
    import { watchHeap } from ${file('src/cli/heap-watch.ts')};
    import { FakeClock } from ${file('test/support/fake-clock.ts')};
    boundHeap([], undefined);
    const clock = new FakeClock();
    const sizes = [];
    const note = () => sizes.push(getHeapStatistics().total_heap_size);
    let kept = [];
    const fill = (count) => { for (let index = 0; index < count; index++) kept.push({ index, text: 'x' + index }); };
    const end = watchHeap(clock);
    ${steps}
    process.stdout.write(JSON.stringify(sizes));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
}

const MIB = 2 ** 20;

describe('watchHeap', () => {
  it('gives back what is not needed any more, again and again, until it is ended', () => {
    const [full, given, again, kept] = watch(`
      for (let round = 0; round < 2; round++) {
        fill(500_000);
        note();
        kept = [];
        await clock.advance(10_000);
        note();
        if (round === 0) continue;
        end();
        fill(500_000);
        kept = [];
        const before = getHeapStatistics().total_heap_size;
        await clock.advance(20_000);
        sizes[3] = getHeapStatistics().total_heap_size - before;
      }`);
    expect(full! - given!).toBeGreaterThan(24 * MIB);
    expect(again! - given!).toBeGreaterThan(24 * MIB);
    expect(kept).toBe(0);
  });

  it('leaves the heap alone where little came', () => {
    const [before, after] = watch(`
      fill(1000);
      kept = [];
      note();
      await clock.advance(10_000);
      note();`);
    expect(after).toBe(before);
  });
});
