/**
 * Microseconds per alert for the two ways to serialise: our encoder over records, and the serializer of
 * `@opentelemetry/otlp-transformer` over SDK objects, with and without making those.
 * Run with `node test/bench/otlp-encode.ts [--json]`.
 */
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import { encodeLogsRequest } from '../../src/otlp/encode.ts';
import type { AnyValue } from '../../src/pdata/any-value.ts';
import { createLogRecord, type LogBatch } from '../../src/pdata/logs.ts';

const RECORDS = 200;
const ROUNDS = 100;
const FIELDS: [string, string][] = Array.from({ length: 40 }, (_, i) => [
  `hids.data.field${i}`,
  `value ${i} with text`,
]);

const record = createLogRecord({
  timeUnixNano: 1_767_225_600_123_456_789n,
  observedTimeUnixNano: 1_767_225_600_123_456_789n,
  severityNumber: 13,
  severityText: 'medium',
  eventName: 'hids.alert',
  body: `Listened ports status changed\n${'tcp 0.0.0.0:22 users\n'.repeat(20)}`,
  attributes: new Map<string, AnyValue>([...FIELDS, ['hids.rule.level', 7], ['hids.rule.groups', ['syslog', 'sshd']]]),
});
/** A record of the SDK, whose resource and scope both ways share. */
const sdkRecord = emitOne();
const records = Array.from({ length: RECORDS }, () => record);
const batch: LogBatch = {
  logs: [
    {
      resource: { attributes: new Map(Object.entries(sdkRecord.resource.attributes as Record<string, string>)) },
      scope: { name: 'otel-hids', version: '0.1.0', attributes: new Map() },
      schemaUrl: '',
      trusted: false,
      records,
    },
  ],
};
function emitOne(): ReadableLogRecord {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  provider.getLogger('otel-hids', '0.1.0').emit({ body: '' });
  return exporter.getFinishedLogRecords()[0];
}

function toSdk(): ReadableLogRecord[] {
  return records.map((each) => ({
    hrTime: toHrTime(each.timeUnixNano),
    hrTimeObserved: toHrTime(each.observedTimeUnixNano),
    severityNumber: each.severityNumber,
    severityText: each.severityText,
    eventName: each.eventName,
    body: each.body as string,
    resource: sdkRecord.resource,
    instrumentationScope: sdkRecord.instrumentationScope,
    attributes: Object.fromEntries(each.attributes) as ReadableLogRecord['attributes'],
    droppedAttributesCount: 0,
  }));
}

function toHrTime(nanoseconds: bigint): [number, number] {
  return [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n)];
}

function measure(name: string, encode: () => Uint8Array | undefined): { name: string; us_per_record: number } {
  for (let round = 0; round < ROUNDS / 5; round++) encode();
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) encode();
  return { name, us_per_record: ((performance.now() - start) * 1000) / (ROUNDS * RECORDS) };
}

const ready = toSdk();
const results = [
  measure('our encoder', () => encodeLogsRequest(batch)),
  measure('serializer of the SDK, objects ready', () => ProtobufLogsSerializer.serializeRequest(ready)),
  measure('serializer of the SDK, with objects made', () => ProtobufLogsSerializer.serializeRequest(toSdk())),
];
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(results)}\n`);
else
  for (const { name, us_per_record: us } of results) process.stdout.write(`${us.toFixed(2).padStart(8)} us  ${name}\n`);
