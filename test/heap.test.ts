import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const HEAP = fileURLToPath(new URL('../src/heap.ts', import.meta.url));

/** Bytes of the young generation after so much was made that it would have grown. */
function youngAfterWork(call: string, options: readonly string[] = []): number {
  const program = `
    import { boundHeap } from ${JSON.stringify(HEAP)};
    import { getHeapSpaceStatistics } from 'node:v8';
    ${call}
    const kept = [];
    for (let index = 0; index < 3_000_000; index++) kept[index % 500_000] = { index };
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    process.stdout.write(String(young.space_size));`;
  return Number(
    execFileSync(process.execPath, [...options, '--input-type=module', '-e', program], { encoding: 'utf8' }),
  );
}

const MIB = 2 ** 20;

describe('boundHeap', () => {
  it('holds the young generation at its size', () => {
    expect(youngAfterWork('boundHeap([], undefined);')).toBe(16 * MIB);
  });

  it('gives worker threads the same', () => {
    const worker = `
      import { parentPort } from 'node:worker_threads';
      import { getHeapSpaceStatistics } from 'node:v8';
      import { growWorkerHeap } from ${JSON.stringify(HEAP)};
      growWorkerHeap();
      parentPort.postMessage(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);`;
    const program = `
      import { boundHeap } from ${JSON.stringify(HEAP)};
      import { Worker } from 'node:worker_threads';
      boundHeap([], undefined);
      new Worker(${JSON.stringify(worker)}, { eval: true }).on('message', (size) => process.stdout.write(String(size)));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(Number(output)).toBe(16 * MIB);
  });

  it('gives back what was taken, on several threads at once, each of which keeps its size', () => {
    const worker = `
      import { parentPort } from 'node:worker_threads';
      import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
      import { growWorkerHeap, releaseHeap } from ${JSON.stringify(HEAP)};
      growWorkerHeap();
      let kept = [];
      for (let index = 0; index < 300_000; index++) kept.push({ index, text: 'x' + index });
      kept = kept.filter((item) => item.index % 100 === 0);
      const before = getHeapStatistics().total_heap_size;
      for (let time = 0; time < 5; time++) releaseHeap();
      const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size;
      parentPort.postMessage([young, before - getHeapStatistics().total_heap_size, kept.length, typeof globalThis.gc]);`;
    const program = `
      import { boundHeap } from ${JSON.stringify(HEAP)};
      import { Worker } from 'node:worker_threads';
      boundHeap([], undefined);
      const answers = Array.from({ length: 4 }, () => new Promise((resolve) => {
        new Worker(${JSON.stringify(worker)}, { eval: true }).on('message', resolve);
      }));
      process.stdout.write(JSON.stringify(await Promise.all(answers)));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    for (const [young, given, kept, gc] of JSON.parse(output)) {
      expect([young, kept, gc]).toEqual([16 * MIB, 3000, 'undefined']);
      expect(given).toBeGreaterThan(4 * MIB);
    }
  });

  it('leaves sizes alone that somebody chose', () => {
    expect(youngAfterWork('')).toBeGreaterThan(16 * MIB);
    expect(youngAfterWork("boundHeap(['--max-semi-space-size=32'], undefined);")).toBeGreaterThan(16 * MIB);
    expect(youngAfterWork("boundHeap([], '--max_semi_space_size=32');")).toBeGreaterThan(16 * MIB);
  });
});
