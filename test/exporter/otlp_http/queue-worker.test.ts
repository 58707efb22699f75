import { describe, expect, it } from 'vitest';
import { retryOnFailureSchema } from '../../../src/config/retry.ts';
import { QueueWorker } from '../../../src/exporter/otlp_http/queue-worker.ts';
import type { LogsRequest } from '../../../src/exporter/otlp_http/request.ts';
import type { Taken } from '../../../src/exporter/otlp_http/send-queue.ts';
import { settle } from '../../support/fake-clock.ts';
import { createTestSettings } from '../../support/settings.ts';

const MAX_BYTES = 1024;

/** A queue of requests of full size whose removals end when the test says so, and a backend that takes all at once. */
function setup(count: number, releases = false) {
  const settings = createTestSettings({ id: 'otlp_http' });
  const draining = new AbortController();
  const stored = new Set(Array.from({ length: count }, (_, index) => index + 1));
  const waiting = [...stored];
  const sent: number[] = [];
  const prepared: number[] = [];
  const numbers = new Map<LogsRequest, number>();
  const removals: { ids: readonly number[]; end(error?: Error): Promise<void> }[] = [];
  const held: (() => void)[] = [];
  const taken: Taken[] = [];
  let holds = false;
  const worker = new QueueWorker({
    settings,
    limits: { maxRecords: 10, maxBytes: MAX_BYTES },
    retry: retryOnFailureSchema.parse({}),
    draining: draining.signal,
    stopped: new AbortController().signal,
    prepare: (request) => prepared.push(numbers.get(request)!),
    releases,
    onSettled: () => {},
    queue: {
      size: () => ({ items: stored.size, bytes: waiting.length * MAX_BYTES }),
      take(): Taken | undefined {
        const id = waiting.shift();
        if (id === undefined) return undefined;
        const request = { bytes: new Uint8Array(MAX_BYTES), records: 1, restamped: false };
        numbers.set(request, id);
        taken.push({ ids: [id], request, unreadable: false, payloads: [request.bytes] });
        return taken.at(-1);
      },
      settle: (ids) =>
        new Promise((resolve, reject) => {
          removals.push({
            ids,
            async end(error) {
              removals.splice(0, 1);
              if (!error) for (const id of ids) stored.delete(id);
              if (error) reject(error);
              else resolve();
              await settle();
            },
          });
        }),
      waitForItems: () => new Promise((resolve) => draining.signal.addEventListener('abort', () => resolve())),
    },
    delivery: {
      maxBytes: Number.POSITIVE_INFINITY,
      bury: async () => true,
      deliver: async (request) => {
        sent.push(numbers.get(request)!);
        if (holds) await new Promise<void>((resolve) => held.push(resolve));
        return true;
      },
    },
  });
  const hold = () => {
    holds = true;
  };
  return { settings, worker, draining, stored, sent, prepared, removals, held, hold, taken };
}

describe('the worker of a queue', () => {
  it('goes on sending while what was sent is removed, in order, and up to a bound', async () => {
    const { worker, draining, stored, sent, removals } = setup(30);
    const done = worker.run();
    await settle();
    // One that is being removed, eight that wait for that, and the one that finds no room to wait.
    expect(removals.map(({ ids }) => ids)).toEqual([[1]]);
    expect(sent).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await removals[0].end();
    expect(removals.map(({ ids }) => ids)).toEqual([[2, 3, 4, 5, 6, 7, 8, 9, 10]]);
    while (removals.length > 0) await removals[0].end();
    expect(sent).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(stored.size).toBe(0);
    draining.abort();
    await done;
  });

  it.each([true, false])(
    'gives back the memory of what is delivered, and of nothing else, if it may: %s',
    async (may) => {
      const { worker, draining, held, hold, taken, removals } = setup(4, may);
      hold();
      const done = worker.run();
      await settle();
      held.shift()!();
      await settle();
      expect(taken.map(({ request }) => request.bytes.byteLength)).toEqual([may ? 0 : MAX_BYTES, MAX_BYTES, MAX_BYTES]);
      draining.abort();
      for (let turn = 0; turn < 10; turn++) {
        held.shift()?.();
        await removals[0]?.end();
        await settle();
      }
      await done;
      expect(taken.every(({ request }) => request.bytes.byteLength === (may ? 0 : MAX_BYTES))).toBe(true);
    },
  );

  it('removes again what could not be removed, with what came since', async () => {
    const { worker, draining, stored, sent, removals, settings } = setup(3);
    const done = worker.run();
    await settle();
    await removals[0].end(new Error('disk full'));
    expect(settings.logger.entries).toHaveLength(1);
    await settings.clock.advance(60_000);
    expect(removals[0].ids).toEqual([1, 2, 3]);
    await removals[0].end();
    expect(stored.size).toBe(0);
    expect(sent).toEqual([1, 2, 3]);
    draining.abort();
    await done;
  });

  it('has the next request made ready while one is on its way, where many wait', async () => {
    const { worker, draining, sent, prepared, removals, held, hold } = setup(4);
    hold();
    const done = worker.run();
    await settle();
    expect(sent).toEqual([1]);
    expect(prepared).toEqual([2]);
    held.shift()!();
    await settle();
    expect(sent).toEqual([1, 2]);
    // Two requests wait, and one after that: not enough to take one of them ahead.
    expect(prepared).toEqual([2, 3]);
    while (sent.length < 4 || removals.length > 0 || held.length > 0) {
      held.shift()?.();
      await removals[0]?.end();
      await settle();
    }
    expect(sent).toEqual([1, 2, 3, 4]);
    expect(prepared).toEqual([2, 3]);
    draining.abort();
    await done;
  });

  it('ends only when what it delivered was removed', async () => {
    const { worker, draining, removals } = setup(2);
    let ended = false;
    const done = worker.run().then(() => {
      ended = true;
    });
    draining.abort();
    await settle();
    expect(ended).toBe(false);
    while (removals.length > 0) await removals[0].end();
    await done;
    expect(ended).toBe(true);
  });
});
