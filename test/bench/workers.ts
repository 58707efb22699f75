/**
 * What worker threads of the `ruleset` processor bring: batches of many hosts through the processor, state committed to
 * a store in memory.
 *
 *     node test/bench/workers.ts [--seconds 5] [--workers 1,2,4] [--corpus sshdSources]
 *
 * Each number of workers runs in a process of its own. Wall figures mean something on an idle machine only; the CPU
 * figures hold on any: `main` is what the thread that hands out and collects needs for an event, so its inverse is what
 * any number of workers can reach.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { metrics } from '@opentelemetry/api';
import type { Consumer } from '../../src/component/component.ts';
import type { AnyValue } from '../../src/pdata/any-value.ts';
import { countRecords, type LogBatch } from '../../src/pdata/logs.ts';
import { rulesetFactory } from '../../src/processor/ruleset/factory.ts';
import { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { createBatch } from '../support/batches.ts';
import { TestWorkUnit } from '../support/consumers.ts';
import { createTestHost, createTestSettings } from '../support/settings.ts';
import { CORPORA } from './engine/corpora.ts';
import { wazuhOptions } from './engine/rulesets.ts';

const HOSTS = 32;
const RECORDS = 32;
const BATCHES = 20;
/** For each worker: compilers take as many events in every thread. */
const WARM_EVENTS = 40_000;

interface Figures {
  /** Per wall second. */
  readonly events: number;
  readonly cores: number;
  /** Microseconds of CPU for an event, of all threads and of the main one. */
  readonly cpu: number;
  readonly main: number;
  readonly alerts: number;
}

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '1,2,4' },
    corpus: { type: 'string', default: 'sshdSources' },
    child: { type: 'boolean', default: false },
  },
});

function isCorpus(name: string): name is keyof typeof CORPORA {
  return Object.hasOwn(CORPORA, name);
}

function createBatches(lines: readonly string[]): LogBatch[] {
  let next = 0;
  const take = () =>
    Array.from({ length: RECORDS }, () => ({
      body: lines[next++ % lines.length]!,
      attributes: new Map<string, AnyValue>([['log.file.path', '/var/log/auth.log']]),
    }));
  return Array.from({ length: BATCHES }, () => ({
    logs: Array.from({ length: HOSTS }, (_, host) => {
      const resource = { attributes: new Map([['host.name', `web${host}`]]) };
      return createBatch(take(), { resource }).logs[0]!;
    }),
  }));
}

async function measure(workers: number, corpus: string, seconds: number): Promise<Figures> {
  if (!isCorpus(corpus)) throw new Error(`--corpus: one of ${Object.keys(CORPORA).join(', ')}`);
  const lines = CORPORA[corpus]();
  if (!lines) throw new Error(`the lines of ${corpus} are not there`);
  const batches = createBatches(lines);
  let alerts = 0;
  const next: Consumer = {
    mutatesData: false,
    async consume(batch) {
      alerts += countRecords(batch);
    },
  };
  const { wazuh_home } = wazuhOptions();
  const config = rulesetFactory.schema.parse({ ...(wazuh_home !== undefined && { wazuh_home }), workers });
  const settings = { ...createTestSettings({ id: 'ruleset' }), meter: metrics.getMeter('bench') };
  const processor = rulesetFactory.create(settings, config, next);
  const store = new MemoryStateStore();
  await processor.start(createTestHost({ store }));
  const run = async (isOver: (events: number, seconds: number) => boolean): Promise<Figures> => {
    const before = { cpu: process.cpuUsage(), main: process.threadCpuUsage(), at: performance.now() };
    let events = 0;
    alerts = 0;
    for (let turn = 0; !isOver(events, (performance.now() - before.at) / 1000); turn++) {
      const work = new TestWorkUnit();
      await processor.consume(batches[turn % BATCHES]!, work);
      await work.commit(store);
      events += HOSTS * RECORDS;
    }
    const wall = (performance.now() - before.at) / 1000;
    const cpu = process.cpuUsage(before.cpu);
    const main = process.threadCpuUsage(before.main);
    const used = cpu.user + cpu.system;
    return {
      events: events / wall,
      cores: used / 1e6 / wall,
      cpu: used / events,
      main: (main.user + main.system) / events,
      alerts: alerts / events,
    };
  };
  await run((events) => events > WARM_EVENTS * workers);
  const figures = await run((_events, passed) => passed > seconds);
  await processor.shutdown();
  return figures;
}

if (options.child) {
  const figures = await measure(Number(options.workers), options.corpus, Number(options.seconds));
  console.log(JSON.stringify(figures));
} else {
  console.log(
    '| workers | events a wall second | cores used | CPU µs an event | of these main thread | alerts an event |',
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const workers of options.workers.split(',')) {
    const args = ['--child', '--workers', workers, '--corpus', options.corpus, '--seconds', options.seconds];
    const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...args], { encoding: 'utf8' });
    const { events, cores, cpu, main, alerts } = JSON.parse(output.trim().split('\n').at(-1)!) as Figures;
    const cells = [workers, `${(events / 1000).toFixed(1)} k`, cores.toFixed(2), cpu.toFixed(1), main.toFixed(1)];
    console.log(`| ${[...cells, alerts.toFixed(2)].join(' | ')} |`);
  }
}
