import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { SqliteStateStore } from '../../../src/storage/sqlite/store.ts';
import { createRandom, testSeed } from '../../support/random.ts';
import { createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';

const CHILD = join(import.meta.dirname, 'crash-child.ts');

/** Runs the child until it has reported that many commits, kills it, and returns the newest number of each worker. */
async function runAndKill(path: string, seed: number, commits: number): Promise<Map<string, number>> {
  const child = spawn(process.execPath, [CHILD, path, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const resolved = new Map<string, number>();
  let count = 0;
  // Lines that arrive after the kill were printed before it: they count too.
  for await (const line of createInterface({ input: child.stdout })) {
    const [worker, number] = line.split(' ');
    resolved.set(worker, Number(number));
    if (++count === commits) child.kill('SIGKILL');
  }
  const [code, signal] = await exited;
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  return resolved;
}

const seed = testSeed();
it(`has every resolved commit and no half one after SIGKILL (SEED=${seed})`, { timeout: 120_000 }, async () => {
  const random = createRandom(seed);
  const path = join(createTempDir(), 'state.db');
  const text = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString();
  for (let round = 0; round < 8; round++) {
    const resolved = await runAndKill(path, random.int(1, 1e9), random.int(1, 300));
    const settings = createTestSettings();
    const store = new SqliteStateStore(path, settings);
    try {
      expect(settings.logger.entries).toEqual([]);
      for (const [worker, number] of resolved) {
        const stored = Number(text(store.get('crash', `${worker}:a`)));
        // Every resolved commit is there; one more may be, whose answer the kill cut off.
        expect(stored - number).toBeGreaterThanOrEqual(0);
        expect(stored - number).toBeLessThanOrEqual(1);
        // None is half there.
        expect(text(store.get('crash', `${worker}:b`))).toBe(String(stored));
        const items = store.peek(worker, 1000);
        const first = Math.max(1, stored - 19);
        const expected = Array.from({ length: stored - first + 1 }, (_, index) => String(first + index));
        expect(items.map((item) => text(item.payload))).toEqual(expected);
        expect(items.map((item) => String(item.id))).toEqual(expected);
        expect(store.queueSize(worker)).toEqual({ items: expected.length, bytes: expected.join('').length });
      }
    } finally {
      await store.close();
    }
  }
});
