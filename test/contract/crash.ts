import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { systemClock } from '../../src/component/clock.ts';
import { openStore } from '../../src/storage/open.ts';
import { createRandom } from '../support/random.ts';
import { createTestSettings } from '../support/settings.ts';

const CHILD = join(import.meta.dirname, '..', 'support', 'crash-child.ts');

export interface CrashTarget {
  uri: string;
  namespace: string;
  seed: number;
  /** Times a process is killed. */
  rounds: number;
}

/**
 * Kills processes that commit to a store, and checks each time that every commit that had resolved is there, and none
 * half.
 */
export async function checkCrashes({ uri, namespace, seed, rounds }: CrashTarget): Promise<void> {
  const random = createRandom(seed);
  const text = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString();
  for (let round = 0; round < rounds; round++) {
    const resolved = await runAndKill([uri, namespace, String(random.int(1, 1e9))], random.int(1, 300));
    const settings = createTestSettings();
    const store = await openStore(uri, { ...settings, clock: systemClock, namespace, leaseMs: 1000 });
    try {
      expect(settings.logger.entries.filter((entry) => entry.level === 'error')).toEqual([]);
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
}

/** Runs the child until it has reported that many commits, kills it, and returns the newest number of each worker. */
async function runAndKill(args: string[], commits: number): Promise<Map<string, number>> {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
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
