import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metrics } from '@opentelemetry/api';
import { systemClock } from '../../../src/component/clock.ts';
import type { Consumer, Processor } from '../../../src/component/component.ts';
import type { Settings } from '../../../src/component/host.ts';
import type { StateStore } from '../../../src/component/state-store.ts';
import { decodeLogsRequest } from '../../../src/otlp/decode.ts';
import { encodeLogsRequest } from '../../../src/otlp/encode.ts';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import { countRecords } from '../../../src/pdata/logs.ts';
import { rulesetFactory } from '../../../src/processor/ruleset/factory.ts';
import { Reassembler } from '../../../src/receiver/audit_log/reassemble.ts';
import { fileLogReceiverFactory } from '../../../src/receiver/file_log/factory.ts';
import { MemoryStateStore } from '../../../src/storage/memory-store.ts';
import { createBatch } from '../../support/batches.ts';
import { TestWorkUnit } from '../../support/consumers.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';
import { CORPORA } from '../engine/corpora.ts';
import { HAS_STOCK, wazuhOptions } from '../engine/rulesets.ts';
import type { BenchCase, Workload } from '../runner/case.ts';

const RECORDS = 1000;
const LINES = 100_000;

const settings: Settings = {
  ...createTestSettings({ id: 'bench' }),
  meter: metrics.getMeter('bench'),
  clock: systemClock,
};

interface Pipeline {
  readonly processor: Processor;
  readonly store: StateStore;
  /** Bytes of the alerts that left. */
  sent(): number;
}

/** The processor with the stock ruleset where there is one; alerts are encoded, state goes to a store in memory. */
async function openProcessor(): Promise<Pipeline> {
  const { wazuh_home } = wazuhOptions();
  let bytes = 0;
  const next: Consumer = {
    mutatesData: false,
    async consume(batch) {
      bytes += encodeLogsRequest(batch).length;
    },
  };
  const config = rulesetFactory.schema.parse(wazuh_home === undefined ? {} : { wazuh_home });
  const processor = rulesetFactory.create(settings, config, next);
  const store = new MemoryStateStore();
  await processor.start(createTestHost({ store }));
  return { processor, store, sent: () => bytes };
}

/** Requests on the wire, decoded, through the processor, alerts encoded and state committed. */
async function openOtlp(lines: readonly string[], alerts = true): Promise<Workload> {
  const { processor, store, sent } = await openProcessor();
  const requests = Array.from({ length: Math.ceil(lines.length / RECORDS) }, (_, index) => {
    const bodies = lines.slice(index * RECORDS, (index + 1) * RECORDS).map((body) => ({
      body,
      attributes: new Map<string, AnyValue>([['log.file.path', '/var/log/auth.log']]),
    }));
    return { count: bodies.length, bytes: encodeLogsRequest(createBatch(bodies)) };
  });
  let turn = 0;
  return {
    bytes: requests[0]!.bytes.length / requests[0]!.count,
    async run(items) {
      let done = 0;
      while (done < items) {
        const { count, bytes } = requests[turn++ % requests.length]!;
        const work = new TestWorkUnit();
        await processor.consume(decodeLogsRequest(bytes), work);
        await work.commit(store);
        done += count;
      }
      if (alerts && sent() === 0) throw new Error('no alert left the pipeline');
      return done;
    },
    close: () => processor.shutdown(),
  };
}

/** A file that is there already, read to its end each time: offsets, state and alerts are committed together. */
async function openFile(lines: readonly string[]): Promise<Workload> {
  const { processor, store, sent } = await openProcessor();
  const folder = mkdtempSync(join(tmpdir(), 'otel-hids-bench-'));
  const path = join(folder, 'auth.log');
  const text = Array.from({ length: LINES }, (_, index) => `${lines[index % lines.length]}\n`).join('');
  writeFileSync(path, text, 'latin1');
  const config = fileLogReceiverFactory.schema.parse({ include: [path], start_at: 'beginning' });
  return {
    bytes: text.length / LINES,
    async run(items) {
      let done = 0;
      while (done < items) done += await readOnce();
      if (sent() === 0) throw new Error('no alert left the pipeline');
      return done;
    },
    async close() {
      await processor.shutdown();
      rmSync(folder, { recursive: true });
    },
  };

  async function readOnce(): Promise<number> {
    const offsets = new MemoryStateStore();
    let seen = 0;
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const receiver = fileLogReceiverFactory.create(settings, config, {
      async consume(batch, progress = []) {
        const work = new TestWorkUnit();
        await processor.consume(batch, work);
        await work.commit(store);
        await offsets.commit(progress);
        seen += countRecords(batch);
        if (seen >= LINES) finish();
      },
    });
    await receiver.start(createTestHost({ store: offsets }));
    await finished;
    await receiver.shutdown();
    return seen;
  }
}

/** Records of events as current kernels and auditd write them: five of 220 bytes each. */
function openGrouping(): Workload {
  const rest = `arch=c000003e syscall=59 success=yes exit=0 ${'a0=7ffedc40d83b '.repeat(8)} comm="ls" exe="/usr/bin/ls"`;
  const types = ['SYSCALL', 'EXECVE', 'CWD', 'PATH', 'PROCTITLE'];
  const place = { source: undefined, generation: 0, start: 0, end: 0 };
  const records = Array.from({ length: LINES }, (_, index) => {
    const serial = Math.floor(index / types.length);
    const time = 1_700_000_000 + Math.floor(serial / 1000);
    return `type=${types[index % types.length]} msg=audit(${time}.123:${serial}): ${rest}`;
  });
  return {
    bytes: records.reduce((sum, text) => sum + text.length, 0) / LINES,
    run(items) {
      let done = 0;
      for (; done < items; done += LINES) {
        let events = 0;
        const reassembler = new Reassembler<undefined>({
          clock: systemClock,
          linger: 2000,
          maxOpenEvents: 1024,
          maxOpenBytes: 16 * 1024 * 1024,
          emit: () => events++,
          count() {},
          gap() {},
        });
        for (const text of records) reassembler.push(text, text.length, false, place);
        if (events < LINES / types.length / 2) throw new Error(`only ${events} events came out`);
      }
      return done;
    },
  };
}

export const PIPELINE_CASES: readonly BenchCase[] = [
  {
    name: 'pipeline: OTLP in, rules, OTLP out, sshd',
    unit: 'records',
    ...(HAS_STOCK ? { target: 100_000 } : {}),
    prepare: () => openOtlp(CORPORA.sshdSources()),
  },
  { name: 'pipeline: OTLP in, rules, no alerts', unit: 'records', prepare: () => openOtlp(CORPORA.none(), false) },
  { name: 'pipeline: file, rules, OTLP out, sshd', unit: 'lines', prepare: () => openFile(CORPORA.sshdSources()) },
  { name: 'audit records to events', unit: 'records', target: 500_000, prepare: () => openGrouping() },
];
