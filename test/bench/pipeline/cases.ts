import { metrics } from '@opentelemetry/api';
import type { Consumer } from '../../../src/component/component.ts';
import { decodeLogsRequest } from '../../../src/otlp/decode.ts';
import { encodeLogsRequest } from '../../../src/otlp/encode.ts';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import { rulesetFactory } from '../../../src/processor/ruleset/factory.ts';
import { MemoryStateStore } from '../../../src/storage/memory-store.ts';
import { createBatch } from '../../support/batches.ts';
import { TestWorkUnit } from '../../support/consumers.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';
import { CORPORA } from '../engine/corpora.ts';
import { HAS_STOCK, wazuhOptions } from '../engine/rulesets.ts';
import type { BenchCase, Workload } from '../runner/case.ts';

const RECORDS = 1000;

/** Requests on the wire, decoded, through the processor, alerts encoded and state committed to a store in memory. */
async function openPipeline(lines: readonly string[]): Promise<Workload> {
  const { wazuh_home } = wazuhOptions();
  const settings = { ...createTestSettings({ id: 'ruleset' }), meter: metrics.getMeter('bench') };
  let alertBytes = 0;
  const next: Consumer = {
    mutatesData: false,
    async consume(batch) {
      alertBytes += encodeLogsRequest(batch).length;
    },
  };
  const config = rulesetFactory.schema.parse(wazuh_home === undefined ? {} : { wazuh_home });
  const processor = rulesetFactory.create(settings, config, next);
  const store = new MemoryStateStore();
  await processor.start(createTestHost({ store }));
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
      if (alertBytes === 0) throw new Error('no alert left the pipeline');
      return done;
    },
    close: () => processor.shutdown(),
  };
}

export const PIPELINE_CASES: readonly BenchCase[] = [
  {
    name: 'pipeline: OTLP in, rules, OTLP out, sshd',
    unit: 'records',
    ...(HAS_STOCK ? { target: 100_000 } : {}),
    prepare: () => openPipeline(CORPORA.sshdSources()),
  },
];
