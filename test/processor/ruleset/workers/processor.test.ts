import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { AnyValue } from '../../../../src/pdata/any-value.ts';
import { rulesetFactory } from '../../../../src/processor/ruleset/factory.ts';
import { workerCount } from '../../../../src/processor/ruleset/workers/count.ts';
import { MemoryStateStore } from '../../../../src/storage/memory-store.ts';
import { describeComponentContract } from '../../../contract/component.ts';
import { CollectingConsumer, TestWorkUnit } from '../../../support/consumers.ts';
import { createRandom, type Random, testSeed } from '../../../support/random.ts';
import {
  createContent,
  describeAlerts,
  type HostLines,
  type Running,
  ruleIds,
  rules,
  start,
  toGroup,
} from './bench.ts';

const content = createContent();
const HOSTS = Array.from({ length: 12 }, (_, index) => `host${index}`);
/** Two that different workers evaluate: hosts are dealt out in turn. */
const [ONE, OTHER] = ['host0', 'host1'];

describeComponentContract('ruleset processor with workers', (settings) => ({
  component: rulesetFactory.create(settings, rulesetFactory.schema.parse({ workers: 2 }), new CollectingConsumer()),
}));

const line = (text: string, program = 'app') => `Dec 10 01:02:02 relay ${program}[1]: ${text}`;

/** Batches of everything that depends on one host alone. */
function randomBatches(random: Random, count: number): HostLines[][] {
  const users = ['root', 'alice', 'mallory', 'bob'];
  const makeLine = (): HostLines['lines'][number] => {
    const user = random.pick(users);
    const from = `10.0.0.${random.int(1, 3)}`;
    switch (random.int(0, 6)) {
      case 0:
      case 1:
      case 2:
        return line(`failed user ${user} from ${from}`);
      case 3:
        return line(`output ${random.int(1, 3)}`);
      case 4:
        return line(random.pick([`id x user ${user} from `, `id x user  from ${from}`, 'id x user  from ']), 'acc');
      case 5:
        return {
          body: new Map<string, AnyValue>([
            ['message', 'ä ✓'],
            ['number', 5],
            ['deep', [null, true, 2n ** 70n]],
          ]),
          attributes: new Map<string, AnyValue>([['log.file.path', '/var/log/ä']]),
          traceId: '0af7651916cd43dd8448eb211c80319c',
        };
      default:
        return line(`says user ${user} from ${from}`);
    }
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: random.int(1, 8) }, () => ({
      host: random.pick(HOSTS),
      lines: Array.from({ length: random.int(1, 12) }, makeLine),
      trusted: random.int(0, 4) === 0,
    })),
  );
}

async function sendAll(bench: Running, batches: readonly HostLines[][]): Promise<void> {
  for (const batch of batches) {
    await bench.send(...batch);
    await bench.clock.advance(1000);
  }
}

/** Alerts that one thread makes of the batches. */
async function undisturbed(config: object, batches: readonly HostLines[][]): Promise<unknown[]> {
  const bench = await start(config, 1);
  await sendAll(bench, batches);
  await bench.stop();
  return describeAlerts(bench);
}

describe('several workers', () => {
  const seed = testSeed();

  for (const workers of [2, 4]) {
    for (const emit of ['alerts', 'all', 'annotated']) {
      it(`find what one thread finds, in its order: ${workers}, emit ${emit}, seed ${seed}`, async () => {
        const batches = randomBatches(createRandom(seed + workers), 25);
        const config = { ...content.config, emit };
        const wanted = await undisturbed(config, batches);
        const bench = await start(config, workers);
        await sendAll(bench, batches);
        expect(describeAlerts(bench)).toEqual(wanted);
        expect(wanted.length).toBeGreaterThan(100);
        expect(bench.settings.logger.entries.filter(({ level }) => level === 'error')).toEqual([]);
        expect(bench.threads).toHaveLength(workers);
        await bench.stop();
      });
    }
  }

  it(`go on where another number of workers ended, seed ${seed}`, async () => {
    const batches = randomBatches(createRandom(seed), 30);
    const store = new MemoryStateStore();
    const found: unknown[] = [];
    let from = 0;
    for (const [workers, to] of [
      [1, 6],
      [3, 12],
      [2, 18],
      [2, 24],
      [1, 30],
    ] as const) {
      const bench = await start(content.config, workers, { store });
      bench.clock.jump(from * 1000);
      for (const [index, batch] of batches.slice(from, to).entries()) {
        // Identities go by the number of the batch.
        const work = new TestWorkUnit();
        await bench.processor.consume({ logs: batch.map((group) => toGroup(group, from + index)) }, work);
        await work.commit(store);
        await bench.clock.advance(1000);
      }
      from = to;
      found.push(...describeAlerts(bench));
      await bench.stop();
    }
    expect(found).toEqual(await undisturbed(content.config, batches));
  });

  it('tell a first sight once over all hosts, and still know it after a restart', async () => {
    const store = new MemoryStateStore();
    const logins = HOSTS.map((host) => ({
      host,
      lines: Array.from({ length: 30 }, (_, index) => line(`login user u${index} from 10.0.0.1`)),
    }));
    for (const workers of [3, 2, 1]) {
      const bench = await start(content.config, workers, { store });
      await bench.send(...logins);
      const first = ruleIds(bench).filter((id) => id === '100104');
      expect(first).toHaveLength(workers === 3 ? 30 : 0);
      await bench.stop();
    }
  });

  it('count firings over all hosts, and open an ignore window once', async () => {
    const store = new MemoryStateStore();
    const bench = await start(content.config, 3, { store });
    const quiet = HOSTS.map((host) => ({ host, lines: [line('quiet'), line('quiet')] }));
    await bench.send(...quiet);
    await bench.send(...quiet);
    expect(ruleIds(bench).filter((id) => id === '100103')).toHaveLength(1);
    await bench.stop();
    const again = await start(content.config, 2, { store });
    await again.send(...quiet);
    expect(ruleIds(again)).not.toContain('100103');
    await again.clock.advance(61_000);
    await again.send(...quiet, ...HOSTS.map((host) => ({ host, lines: [line('plain')] })));
    expect(ruleIds(again).filter((id) => id === '100103')).toHaveLength(1);
    await again.stop();
    const one = await start(content.config, 1, { store });
    await one.send({ host: ONE, lines: [line('quiet')] });
    await one.clock.advance(122_000);
    await one.send({ host: ONE, lines: [line('quiet')] });
    const fired = one.next.records.map(({ attributes }) => attributes.get('hids.rule.firedtimes'));
    // 4 batches of 24, then 2 more.
    expect(fired.at(-1)).toBe(98);
    await one.stop();
  });

  it('give every firing a number of its own', async () => {
    const bench = await start(content.config, 3);
    await bench.send(...HOSTS.map((host) => ({ host, lines: Array.from({ length: 20 }, () => line('plain')) })));
    const numbers = bench.next.records.map(({ attributes }) => Number(attributes.get('hids.rule.firedtimes')));
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 240 }, (_, index) => index + 1));
    await bench.stop();
  });

  it('count and time rules as one thread does', async () => {
    const bench = await start(content.config, 2);
    await bench.send({ host: ONE, lines: [line('plain')] }, { host: OTHER, lines: [line('plain'), 'nothing'] });
    const matches = () => bench.settings.metrics.value('hids_rule_matches', { rule: '100100' });
    await expect.poll(matches, { timeout: 5000 }).toBe(2);
    expect(await bench.settings.metrics.value('otelcol_processor_incoming_items')).toBe(3);
    await bench.stop();
  });
});

/** Commits nothing while it is broken, and cannot be read. */
class FailingStore extends MemoryStateStore {
  broken = false;

  override get(namespace: string, key: string): Uint8Array | undefined {
    if (this.broken) throw new Error('damaged');
    return super.get(namespace, key);
  }
}

describe('a batch that fails', () => {
  const failures = Array.from({ length: 3 }, () => line('failed user root from 10.0.0.9'));

  it('counts nowhere: all workers go back, and it counts once when it comes again', async () => {
    const bench = await start(content.config, 2);
    const both = [
      { host: ONE, lines: failures },
      { host: OTHER, lines: failures },
    ];
    await bench.send(...both);
    bench.next.fail = (_batch, call) => {
      if (call === 0) throw new Error('the exporter is full');
    };
    await expect(bench.send(...both)).rejects.toThrow('the exporter is full');
    const before = bench.next.records.length;
    await bench.send(...both);
    const found = ruleIds(bench).slice(before);
    // Three were counted, so the fourth and fifth of every host make it.
    const wanted = await start(content.config, 1);
    await wanted.send(...both);
    await wanted.send(...both);
    expect([...ruleIds(bench).slice(0, before), ...found]).toEqual(ruleIds(wanted));
    expect(found.filter((id) => id === '100102').length).toBeGreaterThan(0);
    await wanted.stop();
    await bench.stop();
  });

  it('is refused while an earlier one is open and a later one has failed', async () => {
    const bench = await start(content.config, 2);
    const logs = () => [toGroup({ host: ONE, lines: failures }, 0)];
    const open = new TestWorkUnit();
    await bench.processor.consume({ logs: logs() }, open);
    const failing = new TestWorkUnit();
    await bench.processor.consume({ logs: logs() }, failing);
    failing.rollback();
    await expect(bench.processor.consume({ logs: logs() }, new TestWorkUnit())).rejects.toThrow('goes back');
    await open.commit(bench.store);
    await bench.send({ host: ONE, lines: failures });
    await bench.stop();
  });

  it('may fail for a snapshot that cannot be read, and succeeds when it can', async () => {
    const store = new FailingStore();
    const first = await start(content.config, 2, { store });
    await first.send({ host: ONE, lines: [line('output 1')] }, { host: OTHER, lines: [line('output 1')] });
    await first.stop();
    const bench = await start(content.config, 2, { store });
    store.broken = true;
    await expect(bench.send({ host: ONE, lines: [line('output 2')] })).rejects.toThrow('damaged');
    await expect(bench.send({ host: ONE, lines: [line('output 2')] })).rejects.toThrow('damaged');
    store.broken = false;
    await bench.send({ host: ONE, lines: [line('output 2')] }, { host: OTHER, lines: [line('output 1')] });
    expect(ruleIds(bench)).toEqual(['100105', '100100']);
    await bench.stop();
  });

  it('leaves those that come at the same time alone, one after the other', async () => {
    const bench = await start(content.config, 2);
    const send = (index: number) => bench.send({ host: ONE, lines: [line(`plain ${index}`)] });
    await Promise.all(Array.from({ length: 20 }, (_, index) => send(index)));
    const numbers = bench.next.records.map(({ body }) => Number(/plain (\d+)/.exec(String(body))?.[1]));
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index));
    await bench.stop();
  });
});

describe('a worker that ends', () => {
  const failures = Array.from({ length: 3 }, () => line('failed user root from 10.0.0.9'));

  it('is replaced, and goes on with what was committed', async () => {
    const bench = await start(content.config, 2);
    await bench.send({ host: ONE, lines: failures }, { host: OTHER, lines: failures });
    await Promise.all(bench.threads.map((thread) => thread.terminate()));
    await bench.send({ host: ONE, lines: failures }, { host: OTHER, lines: failures });
    expect(ruleIds(bench).filter((id) => id === '100102').length).toBeGreaterThan(1);
    expect(bench.threads).toHaveLength(4);
    expect(await bench.settings.metrics.value('hids_ruleset_worker_ends')).toBe(2);
    expect(bench.host.statuses.get('ruleset')?.state).toBe('ok');
    await bench.stop();
  });

  it('takes its batch with it, which comes again', async () => {
    const bench = await start(content.config, 2);
    const sending = bench.send(
      { host: ONE, lines: Array.from({ length: 2000 }, () => line('failed user root from 10.0.0.9')) },
      { host: OTHER, lines: failures },
    );
    await Promise.resolve();
    await bench.threads[0]!.terminate();
    await expect(sending).rejects.toThrow('a worker thread of the ruleset ended');
    expect(bench.next.records).toHaveLength(0);
    expect(bench.host.statuses.get('ruleset')).toMatchObject({ state: 'recoverable_error' });
    await bench.send({ host: ONE, lines: failures });
    expect(ruleIds(bench)).toEqual(['100101', '100101', '100101']);
    await bench.stop();
  });

  it('again and again is not replaced at once', async () => {
    const bench = await start(content.config, 2);
    await bench.threads[0]!.terminate();
    const dying = bench.send(
      ...HOSTS.map((host) => ({ host, lines: Array.from({ length: 200 }, () => line('plain')) })),
    );
    await expect.poll(() => bench.threads.length).toBe(3);
    await bench.threads[2]!.terminate();
    await expect(dying).rejects.toThrow();
    await expect(bench.send({ host: ONE, lines: failures })).rejects.toThrow('a worker thread of the ruleset ended');
    await bench.clock.advance(1000);
    await bench.send({ host: ONE, lines: failures });
    expect(bench.threads).toHaveLength(4);
    await bench.stop();
  });
});

describe('what changes while it runs', () => {
  it('are rules, on all workers and with their memory', async () => {
    const own = createContent();
    const bench = await start(own.config, 2);
    const failed = line('failed user root from 10.0.0.9');
    const all = (text: string, count = 1) =>
      HOSTS.map((host) => ({ host, lines: Array.from({ length: count }, () => text) }));
    await bench.send(...all(failed, 3));
    own.writeRules(rules(9));
    await bench.processor.reload();
    bench.next.batches.length = 0;
    await bench.send(...all(line('plain')));
    expect(bench.next.records.map(({ attributes }) => attributes.get('hids.rule.level'))).toEqual(HOSTS.map(() => 9));
    bench.next.batches.length = 0;
    await bench.send(...all(failed, 2));
    expect(ruleIds(bench).filter((id) => id === '100102')).toHaveLength(HOSTS.length);
    own.writeRules('<group name="broken,"><rule id="1');
    await expect(bench.processor.reload()).rejects.toThrow('cannot be loaded');
    bench.next.batches.length = 0;
    await bench.send(...all(line('plain')));
    expect(ruleIds(bench)).toEqual(HOSTS.map(() => '100100'));
    // A worker that is replaced gets what is in force.
    await bench.threads[0]!.terminate();
    await bench.threads[1]!.terminate();
    await bench.send({ host: ONE, lines: [line('plain')] });
    expect(bench.next.records.at(-1)!.attributes.get('hids.rule.level')).toBe(9);
    await bench.stop();
  });

  it('are lists, on all workers', async () => {
    const own = createContent();
    const bench = await start(own.config, 2);
    const all = HOSTS.map((host) => ({ host, lines: [line('says user trent from 10.0.0.1')] }));
    await bench.send(...all);
    expect(ruleIds(bench)).not.toContain('100107');
    own.writeList('trent:\n');
    await bench.clock.advance(5000);
    await expect.poll(() => bench.host.healthEvents.map(({ name }) => name)).toContain('list changed');
    bench.next.batches.length = 0;
    await bench.send(...all);
    expect(ruleIds(bench)).toEqual(HOSTS.map(() => '100107'));
    await bench.stop();
  });
});

describe('records that are no matter for rules', () => {
  it('are treated as one thread treats them', async () => {
    const groups = [
      {
        ...toGroup({ host: ONE, lines: [line('plain')] }, 0),
        scope: { name: 'otel-hids', version: '', attributes: new Map() },
      },
      { ...toGroup({ host: ONE, lines: [line('plain'), line('plain')] }, 1), resource: { attributes: new Map() } },
      toGroup({ host: OTHER, lines: [line('plain')] }, 2),
    ];
    for (const on_missing of ['local', 'reject']) {
      const config = { ...content.config, emit: 'all', identity: { on_missing } };
      const benches = [await start(config, 1), await start(config, 2)];
      for (const bench of benches) {
        const work = new TestWorkUnit();
        await bench.processor.consume({ logs: groups }, work);
        await work.commit(bench.store);
      }
      const [one, several] = benches.map(({ next }) =>
        next.batches.flatMap(({ logs }) =>
          logs.map(({ resource, scope, records }) => [[...resource.attributes], scope.name, records.length]),
        ),
      );
      expect(several).toEqual(one);
      for (const { settings } of benches) {
        expect(await settings.metrics.value('hids_ruleset_own_records')).toBe(1);
        expect(await settings.metrics.value('hids_ruleset_identity_missing')).toBe(2);
      }
      for (const bench of benches) await bench.stop();
    }
  });

  it('may be late runs of a command: one says so', async () => {
    const run = (number: number, text: string) => ({
      host: ONE,
      trusted: true,
      lines: [
        {
          body: text,
          attributes: new Map<string, AnyValue>([
            ['hids.command.alias', 'ss'],
            ['hids.command.run', number],
          ]),
        },
      ],
    });
    const found = [];
    for (const workers of [1, 2]) {
      const bench = await start(content.config, workers);
      for (const [number, text] of [
        [2000, line('output 1')],
        [1000, line('output 2')],
        [1000, line('output 2')],
        [3000, line('output 3')],
      ] as const) {
        await bench.send(run(number, text));
      }
      found.push(ruleIds(bench));
      expect(await bench.settings.metrics.value('hids_ruleset_stale_runs')).toBe(2);
      await bench.stop();
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[0]).toContain('199022');
  });
});

describe('configuration', () => {
  const check = (config: object) => rulesetFactory.validate!(rulesetFactory.schema.parse(config));

  it.each([
    [{ workers: 2, compat: 'strict' }, 'bug for bug'],
    [{ workers: 2, dialect: 'ossec' }, 'correlate across hosts'],
    [{ workers: 2, identity: { source: 'header' } }, 'count as one host'],
  ])('%j is an error', (config, why) => {
    expect(check(config)).toEqual([expect.stringMatching(new RegExp(`^workers: .*${why}`))]);
  });

  it.each([{}, { workers: 4 }, { workers: 'auto', compat: 'strict' }, { workers: 1, dialect: 'ossec' }])(
    '%j is none',
    (config) => {
      expect(check(config)).toEqual([]);
    },
  );

  it('auto is one for each core, or one where hosts cannot be told apart', () => {
    const count = (config: object) => workerCount(rulesetFactory.schema.parse(config));
    expect(count({ workers: 'auto' })).toBe(availableParallelism());
    expect(count({ workers: 'auto', dialect: 'ossec' })).toBe(1);
    expect(count({ workers: 'auto', compat: 'strict' })).toBe(1);
    expect([count({}), count({ workers: 3 })]).toEqual([1, 3]);
  });

  it.each([0, 65, 1.5, 'many'])('workers: %j is refused', (workers) => {
    expect(rulesetFactory.schema.safeParse({ workers }).success).toBe(false);
  });

  it('warns of rules that count over all hosts', async () => {
    const own = createContent();
    own.writeRules(
      `${rules()}<group name="more,"><rule id="100200" level="5" frequency="3" timeframe="60"><if_matched_sid>100101</if_matched_sid><global_frequency /><description>d</description></rule></group>`,
    );
    const bench = await start(own.config, 2);
    expect(bench.settings.logger.entries).toContainEqual(
      expect.objectContaining({ level: 'warn', fields: expect.objectContaining({ rules: ['100200'] }) }),
    );
    await bench.stop();
  });
});
