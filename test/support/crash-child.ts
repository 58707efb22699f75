import { systemClock } from '../../src/component/clock.ts';
import { openStore } from '../../src/storage/open.ts';
import { createRandom } from './random.ts';
import { createTestSettings } from './settings.ts';

/**
 * Commits as fast as it can until it is killed, and prints the number of each commit once it has resolved.
 * Commit `n` of worker `w`: keys `w:a` and `w:b` get the text `n`, queue `w` gets one item more, and another one less.
 */
const [uri, namespace, seed] = process.argv.slice(2);
const store = await openStore(uri, { ...createTestSettings(), clock: systemClock, namespace, leaseMs: 1000 });
const random = createRandom(Number(seed));

async function commitForever(worker: string): Promise<void> {
  const stored = store.get('crash', `${worker}:a`);
  for (let number = stored ? Number(Buffer.from(stored)) + 1 : 1; ; number++) {
    const value = Buffer.from(String(number));
    const filler = Buffer.alloc(random.int(0, 20_000), number);
    await store.commit([
      { op: 'put', namespace: 'crash', key: `${worker}:a`, value },
      { op: 'put', namespace: 'filler', key: `${worker}:${number % 50}`, value: filler },
      { op: 'enqueue', queue: worker, payload: value },
      { op: 'dequeue', queue: worker, ids: number > 20 ? [number - 20] : [] },
      { op: 'put', namespace: 'crash', key: `${worker}:b`, value },
    ]);
    // Where the reader is busy, lines would wait in this process and die with it.
    await new Promise<void>((resolve) => process.stdout.write(`${worker} ${number}\n`, () => resolve()));
  }
}

await Promise.all(['w0', 'w1', 'w2', 'w3'].map(commitForever));
