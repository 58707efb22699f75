import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { RefusedError } from '../../../../src/component/errors.ts';
import type { Change, StateStore, WorkUnit } from '../../../../src/component/state-store.ts';
import { decodeLogsRequest } from '../../../../src/otlp/decode.ts';
import { encodeLogsRequest } from '../../../../src/otlp/encode.ts';
import type { LogBatch, LogRecord } from '../../../../src/pdata/logs.ts';
import { BatchRunner } from '../../../../src/pipeline/batch-runner.ts';
import { createIntake } from '../../../../src/pipeline/intake.ts';
import { rulesetFactory } from '../../../../src/processor/ruleset/factory.ts';
import { MemoryStateStore } from '../../../../src/storage/memory-store.ts';
import { createRandom, type Random, testSeed } from '../../../support/random.ts';
import { createTestHost, createTestSettings } from '../../../support/settings.ts';
import { createContent, toGroup } from './bench.ts';

const content = createContent();
const SENDERS = 6;
const HOSTS_EACH = 2;

/** Fails at random, and only later than the call. */
class ShakyStore extends MemoryStateStore implements StateStore {
  /** Whether the next commit fails; none does before it is given: a start that cannot store its layout rejects. */
  isBad: () => boolean = () => false;

  override async commit(changes: readonly Change[]): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.isBad()) throw new Error('disk full');
    await super.commit(changes);
  }
}

interface Troubles {
  readonly commit: () => boolean;
  readonly exporter: () => boolean;
  readonly kill: () => boolean;
}

interface Rates {
  readonly commit?: number;
  readonly exporter?: number;
  readonly killEvery?: number;
}

interface Result {
  /** By host, in the order in which they were committed. */
  readonly alerts: Map<string, unknown[]>;
  readonly fired: [string, string][];
  /** Batches in the processor at the same time, at most. */
  readonly depth: number;
  readonly attempts: number;
  readonly threads: number;
}

/** Batches of each sender, every host with one sender: what concerns one host comes in order. */
function createBatches(random: Random, count: number): LogBatch[][] {
  const makeLine = (): string => {
    const user = random.pick(['root', 'alice', 'mallory']);
    const from = `10.0.0.${random.int(1, 3)}`;
    const text = [`failed user ${user} from ${from}`, `output ${random.int(1, 3)}`, `says user ${user} from ${from}`];
    return `Dec 10 01:02:02 relay app[1]: ${random.pick(text)}`;
  };
  return Array.from({ length: SENDERS }, (_, sender) =>
    Array.from({ length: count }, (_, number) => ({
      logs: Array.from({ length: HOSTS_EACH }, (_, index) =>
        toGroup(
          {
            host: `host${sender * HOSTS_EACH + index}`,
            lines: Array.from({ length: random.pick([1, 5, 15, 200]) }, makeLine),
          },
          number,
        ),
      ),
    })),
  );
}

/** Sends everything through a runner as the pipeline has one; every sender comes again until its batch is safe. */
async function run(workers: number, batches: LogBatch[][], troubles: Partial<Troubles> = {}): Promise<Result> {
  const settings = createTestSettings({ id: 'ruleset' });
  const store = new ShakyStore();
  const alerts = new Map<string, unknown[]>();
  const threads: Worker[] = [];
  const note = (worker: Worker) => threads.push(worker);
  process.on('worker', note);
  let [inside, depth, attempts] = [0, 0, 0];
  const next = {
    mutatesData: false,
    ignoresAlerts: true,
    async consume(batch: LogBatch, work: WorkUnit) {
      if (troubles.exporter?.()) throw new RefusedError('the exporter is full', 1);
      // As `otlp_http` does: records are bytes that are good until the end of this call.
      const request = encodeLogsRequest(batch);
      work.onCommit(() => {
        for (const { resource, records } of decodeLogsRequest(request).logs) {
          const host = String(resource.attributes.get('service.instance.id'));
          const known = alerts.get(host) ?? [];
          alerts.set(host, known);
          known.push(...records.map(describeRecord));
        }
      });
    },
  };
  const processor = rulesetFactory.create(settings, rulesetFactory.schema.parse({ ...content.config, workers }), next);
  await processor.start(createTestHost({ store }));
  if (troubles.commit) store.isBad = troubles.commit;
  const runner = new BatchRunner({ store: () => store, logger: settings.logger, meter: settings.meter });
  const intake = createIntake(
    {
      mutatesData: processor.mutatesData,
      overlaps: processor.overlaps === true,
      async consume(batch, work) {
        attempts++;
        depth = Math.max(depth, ++inside);
        try {
          await processor.consume(batch, work);
        } finally {
          inside--;
        }
      },
    },
    runner,
  );
  const sendUntilSafe = async (batch: LogBatch): Promise<void> => {
    for (;;) {
      try {
        return await intake.consume(batch);
      } catch {
        await new Promise((resolve) => setImmediate(resolve));
        await settings.clock.advance(1);
      }
    }
  };
  await Promise.all(
    batches.map(async (own) => {
      for (const batch of own) {
        if (troubles.kill?.()) await threads[threads.length - 1]?.terminate();
        await sendUntilSafe(batch);
      }
    }),
  );
  await runner.drain();
  process.off('worker', note);
  await processor.shutdown();
  const fired = [...store.entries('ruleset/fired')].map(
    ([key, value]) => [key, Buffer.from(value).toString()] as [string, string],
  );
  return { alerts, fired, depth, attempts, threads: threads.length };
}

/** Without times, since the clock moves on where something has to be waited for, and the firings of all hosts together. */
function describeRecord({ body, attributes }: LogRecord): unknown {
  return [body, [...attributes].filter(([name]) => name !== 'hids.rule.firedtimes').sort()];
}

const sorted = (alerts: Map<string, unknown[]>) => [...alerts].sort(([a], [b]) => (a < b ? -1 : 1));

describe('batches that overlap', () => {
  const seed = testSeed();

  it(`lead to what one thread finds, in the order of each host, seed ${seed}`, async () => {
    const batches = createBatches(createRandom(seed), 15);
    const wanted = await run(1, batches);
    const found = await run(3, batches);
    expect(wanted.depth).toBe(1);
    expect(found.depth).toBeGreaterThan(1);
    expect(found.attempts).toBe(SENDERS * 15);
    expect(sorted(found.alerts)).toEqual(sorted(wanted.alerts));
    expect(found.fired).toEqual(wanted.fired);
    expect(found.fired.length).toBeGreaterThan(3);
  });

  it.each([
    ['commits fail', { commit: 0.1 }],
    ['batches are refused', { exporter: 0.1 }],
    ['workers end', { killEvery: 30 }],
    ['all of that happens', { commit: 0.05, exporter: 0.05, killEvery: 40 }],
  ])(`count once where %s, seed ${seed}`, async (_what, rates) => {
    const random = createRandom(seed + 1);
    const batches = createBatches(random, 15);
    const wanted = await run(1, batches);
    const chance =
      (rate = 0) =>
      () =>
        random.next() < rate;
    const { commit, exporter, killEvery = Number.POSITIVE_INFINITY } = rates as Rates;
    let sent = 0;
    const kill = () => ++sent % killEvery === 0;
    const found = await run(3, batches, { commit: chance(commit), exporter: chance(exporter), kill });
    const ended = found.threads - 3;
    expect(ended).toBeGreaterThanOrEqual(Math.floor(sent / killEvery));
    if (ended === 0) expect(found.attempts).toBeGreaterThan(SENDERS * 15);
    expect(sorted(found.alerts)).toEqual(sorted(wanted.alerts));
    expect(found.fired).toEqual(wanted.fired);
  });
});
