/**
 * What worker threads of the `ruleset` processor bring: batches of many hosts through the processor, as a pipeline sends
 * them, alerts encoded as the `otlp_http` exporter does, state committed to a store in memory.
 *
 *     node test/bench/workers.ts [--seconds 5] [--workers 1,2,4] [--corpus sshdSources] [--senders 8] [--events N]
 *
 * Each number of workers runs in a process of its own. Wall figures mean something on an idle machine only; the CPU
 * figures hold on any: `main` is what the thread that hands out and collects needs for an event, so its inverse is what
 * any number of workers can reach. `workers wait` is the part of the time in which they had nothing to do; with
 * `--events N` ends after so many, for counting instructions: `perf stat -e instructions:u` of two numbers, one less the
 * other. With `--senders 1` no batch overlaps another. `RSS` is the highest of the process, its heap bounded as that of the program.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { metrics } from '@opentelemetry/api';
import type { Consumer } from '../../src/component/component.ts';
import type { Change } from '../../src/component/state-store.ts';
import { encodeLogsRequest } from '../../src/otlp/encode.ts';
import type { AnyValue } from '../../src/pdata/any-value.ts';
import { countRecords, type LogBatch } from '../../src/pdata/logs.ts';
import { releaseBytes } from '../../src/pdata/release-bytes.ts';
import { BatchRunner } from '../../src/pipeline/batch-runner.ts';
import { createIntake } from '../../src/pipeline/intake.ts';
import { rulesetFactory } from '../../src/processor/ruleset/factory.ts';
import { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { createBatch } from '../support/batches.ts';
import { createTestHost, createTestSettings } from '../support/settings.ts';
import { CORPORA } from './engine/corpora.ts';
import { wazuhOptions } from './engine/rulesets.ts';

const HOSTS = 32;
const RECORDS = 32;
const BATCHES = 20;
/** Batches that are handed over and not answered yet. */
const SENDERS = 8;
/** For each worker: compilers take as many events in every thread. */
const WARM_EVENTS = 40_000;

/** Bounds the heap before anything else is loaded, as the program does. */
const BOUNDED = `data:text/javascript,${encodeURIComponent(
  `import { boundHeap } from ${JSON.stringify(new URL('../../src/heap.ts', import.meta.url).href)}; boundHeap([], undefined);`,
)}`;

interface Figures {
  /** Per wall second. */
  readonly events: number;
  readonly cores: number;
  /** Microseconds of CPU for an event, of all threads and of the main one. */
  readonly cpu: number;
  readonly main: number;
  readonly alerts: number;
  /** Part of the time in which the workers had nothing to do. */
  readonly idle: number;
  /** Bytes. */
  readonly rss: number;
}

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '1,2,4' },
    corpus: { type: 'string', default: 'sshdSources' },
    senders: { type: 'string', default: String(SENDERS) },
    events: { type: 'string' },
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

/** Takes alerts as a queue would, and keeps none: their memory is given back, as `otlp_http` does once they are stored. */
class SinkStore extends MemoryStateStore {
  override commit(changes: readonly Change[]): Promise<void> {
    const kept: Change[] = [];
    for (const change of changes) {
      if (change.op === 'enqueue') releaseBytes(change.payload);
      else kept.push(change);
    }
    return super.commit(kept);
  }
}

interface Measured {
  readonly workers: number;
  readonly corpus: string;
  readonly seconds: number;
  readonly senders: number;
  /** Instead of seconds, where given. */
  readonly events: number | undefined;
}

async function measure({ workers, corpus, seconds, senders, events: wanted }: Measured): Promise<Figures> {
  if (!isCorpus(corpus)) throw new Error(`--corpus: one of ${Object.keys(CORPORA).join(', ')}`);
  const lines = CORPORA[corpus]();
  if (!lines) throw new Error(`the lines of ${corpus} are not there`);
  const batches = createBatches(lines);
  let alerts = 0;
  const next: Consumer = {
    mutatesData: false,
    ignoresAlerts: true,
    async consume(batch, work) {
      alerts += countRecords(batch);
      work.add({ op: 'enqueue', queue: 'alerts', payload: encodeLogsRequest(batch) });
    },
  };
  const threads: Worker[] = [];
  process.on('worker', (worker) => threads.push(worker));
  const { wazuh_home } = wazuhOptions();
  const config = rulesetFactory.schema.parse({ ...(wazuh_home !== undefined && { wazuh_home }), workers });
  const settings = { ...createTestSettings({ id: 'ruleset' }), meter: metrics.getMeter('bench') };
  const processor = rulesetFactory.create(settings, config, next);
  const store = new SinkStore();
  await processor.start(createTestHost({ store }));
  const { logger, meter } = settings;
  const runner = new BatchRunner({ store: () => store, logger, meter });
  const intake = createIntake(processor, runner);
  const run = async (isOver: (events: number, seconds: number) => boolean): Promise<Figures> => {
    const loops = threads.map((thread) => thread.performance.eventLoopUtilization());
    const before = { cpu: process.cpuUsage(), main: process.threadCpuUsage(), at: performance.now() };
    let events = 0;
    let turn = 0;
    alerts = 0;
    const send = async () => {
      while (!isOver(events, (performance.now() - before.at) / 1000)) {
        await intake.consume(batches[turn++ % BATCHES]!);
        events += HOSTS * RECORDS;
      }
    };
    await Promise.all(Array.from({ length: senders }, send));
    const wall = (performance.now() - before.at) / 1000;
    const cpu = process.cpuUsage(before.cpu);
    const main = process.threadCpuUsage(before.main);
    const used = cpu.user + cpu.system;
    const active = threads.map((thread, index) => thread.performance.eventLoopUtilization(loops[index]).utilization);
    return {
      events: events / wall,
      cores: used / 1e6 / wall,
      cpu: used / events,
      main: (main.user + main.system) / events,
      alerts: alerts / events,
      idle: active.length === 0 ? 0 : 1 - active.reduce((sum, part) => sum + part, 0) / active.length,
      rss: process.resourceUsage().maxRSS * 1024,
    };
  };
  await run((events) => events > WARM_EVENTS * workers);
  const figures = await run((events, passed) => (wanted === undefined ? passed > seconds : events >= wanted));
  await processor.shutdown();
  return figures;
}

if (options.child) {
  const figures = await measure({
    workers: Number(options.workers),
    corpus: options.corpus,
    seconds: Number(options.seconds),
    senders: Number(options.senders),
    events: options.events === undefined ? undefined : Number(options.events),
  });
  console.log(JSON.stringify(figures));
} else {
  console.log(
    '| workers | events a wall second | a CPU second | cores used | CPU µs an event | of these main thread | workers wait | alerts an event | RSS MB |',
  );
  console.log('| --- | --: | --: | --: | --: | --: | --: | --: | --: |');
  const { corpus, seconds, senders } = options;
  for (const workers of options.workers.split(',')) {
    const rest = ['--corpus', corpus, '--seconds', seconds, '--senders', senders];
    if (options.events !== undefined) rest.push('--events', options.events);
    const args = ['--import', BOUNDED, fileURLToPath(import.meta.url), '--child', '--workers', workers, ...rest];
    const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
    const { events, cores, cpu, main, alerts, idle, rss } = JSON.parse(output.trim().split('\n').at(-1)!) as Figures;
    const cells = [
      workers,
      `${(events / 1000).toFixed(1)} k`,
      `${(1000 / cpu).toFixed(1)} k`,
      cores.toFixed(2),
      cpu.toFixed(1),
      main.toFixed(2),
      `${(idle * 100).toFixed(0)} %`,
      alerts.toFixed(2),
      (rss / 2 ** 20).toFixed(0),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
