import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createRequests,
  formatNanoTime,
  fromPayload,
  joinRequests,
  openRequest,
  splitInHalves,
  toPayload,
} from '../../../src/exporter/otlp_http/request.ts';
import { SendQueue } from '../../../src/exporter/otlp_http/send-queue.ts';
import { decodeLogsRequest } from '../../../src/otlp/decode.ts';
import { encodeLogsRequest } from '../../../src/otlp/encode.ts';
import { createLogRecord, type LogBatch } from '../../../src/pdata/logs.ts';
import { MemoryStateStore } from '../../../src/storage/memory-store.ts';
import { createBatch } from '../../support/batches.ts';
import { recordsOf } from '../../support/consumers.ts';
import { logs } from './harness.ts';

const bodies = (batch: LogBatch) => recordsOf([batch]).map((record) => record.body);

describe('requests', () => {
  it('keep all records in order, within the limits, for any batch', () => {
    const groups = fc.array(fc.array(fc.string({ maxLength: 300 }), { maxLength: 12 }), { maxLength: 6 });
    fc.assert(
      fc.property(
        groups,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 50, max: 2000 }),
        (texts, maxRecords, maxBytes) => {
          const batch: LogBatch = { logs: texts.map((group, host) => logs(group, {}, `h${host}`).logs[0]) };
          const requests = createRequests(batch, { maxRecords, maxBytes });
          const restored = requests.map((request) => openRequest(fromPayload(toPayload(request))!)!);
          expect(restored.flatMap(bodies)).toEqual(texts.flat());
          for (const request of requests) {
            if (request.records > 1) expect(request.bytes.byteLength).toBeLessThanOrEqual(maxBytes);
            expect(request.records).toBeLessThanOrEqual(maxRecords);
          }
          if (requests.length === 0) return;
          const joined = joinRequests(requests);
          expect(joined.records).toBe(texts.flat().length);
          const whole = openRequest(joined)!;
          expect(bodies(whole)).toEqual(texts.flat());
          if (joined.records > 1) {
            expect(splitInHalves(whole, false).flatMap((half) => bodies(openRequest(half)!))).toEqual(texts.flat());
          }
        },
      ),
    );
  });

  it.each([new Uint8Array(), new Uint8Array([1, 0]), new Uint8Array([2, 0, 0, 0, 0, 10]), Buffer.from('text')])(
    'are not read from other bytes: %j',
    (payload) => {
      expect(fromPayload(payload)).toBeUndefined();
    },
  );

  it.each([100_000, 300])(
    'are queued as they are, without a copy, and give their memory back once stored: %i',
    async (maxBytes) => {
      const batch = logs(['a'.repeat(200), 'b'.repeat(200), 'c'.repeat(200)]);
      const requests = createRequests(batch, { maxRecords: 10, maxBytes });
      const wanted = requests.map(({ bytes }) => Buffer.from(bytes));
      for (const request of requests) expect(toPayload(request).buffer).toBe(request.bytes.buffer);
      const store = new MemoryStateStore();
      const queue = new SendQueue(store, 'queue', { maxItems: 10, maxBytes: 1e6 });
      const { changes, release } = queue.reserve(requests);
      await store.commit(changes);
      release();
      for (const { bytes } of requests) expect(bytes.byteLength).toBe(0);
      const stored = store.peek('queue', 10).map(({ payload }) => Buffer.from(fromPayload(payload)!.bytes));
      expect(stored).toEqual(wanted);
    },
  );

  it('are not opened where records would be lost', () => {
    const bytes = encodeLogsRequest(logs(['a', 'b']));
    expect(openRequest({ bytes, records: 3, restamped: false })).toBeUndefined();
    expect(openRequest({ bytes: bytes.subarray(0, -1), records: 2, restamped: false })).toBeUndefined();
  });

  it('write times to the nanosecond', () => {
    expect(formatNanoTime(1_767_225_600_000_000_001n)).toBe('2026-01-01T00:00:00.000000001Z');
    expect(formatNanoTime(0n)).toBe('1970-01-01T00:00:00.000000000Z');
  });
});

describe('our encoder and the serializer of the SDK', () => {
  it('say the same of what an SDK can say', () => {
    const exporter = new InMemoryLogRecordExporter();
    const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
    provider.getLogger('otel-hids', '0.1.0').emit({
      timestamp: [1_767_225_600, 123_456_789],
      observedTimestamp: [1_767_225_601, 0],
      severityNumber: 13,
      severityText: 'medium',
      eventName: 'hids.alert',
      body: 'é\n€😀',
      attributes: {
        'hids.rule.level': 7,
        'hids.rule.groups': ['syslog', 'sshd'],
        ratio: 0.5,
        negative: -3,
        yes: true,
        bytes: new Uint8Array([0, 255]),
        map: { a: { b: 'c' } },
      },
    });
    const finished = exporter.getFinishedLogRecords();
    const sdk = decodeLogsRequest(ProtobufLogsSerializer.serializeRequest(finished)!);
    const record = createLogRecord({
      timeUnixNano: 1_767_225_600_123_456_789n,
      observedTimeUnixNano: 1_767_225_601_000_000_000n,
      severityNumber: 13,
      severityText: 'medium',
      eventName: 'hids.alert',
      body: 'é\n€😀',
      attributes: new Map<string, never>(
        Object.entries({
          'hids.rule.level': 7,
          'hids.rule.groups': ['syslog', 'sshd'],
          ratio: 0.5,
          negative: -3,
          yes: true,
          bytes: new Uint8Array([0, 255]),
          map: new Map([['a', new Map([['b', 'c']])]]),
        }) as [string, never][],
      ),
    });
    const ours = decodeLogsRequest(
      encodeLogsRequest({
        logs: [
          {
            resource: {
              attributes: new Map(Object.entries(finished[0].resource.attributes as Record<string, string>)),
            },
            scope: { name: 'otel-hids', version: '0.1.0', attributes: new Map() },
            schemaUrl: '',
            trusted: false,
            records: [record],
          },
        ],
      }),
    );
    expect(sdk).toEqual(ours);
  });
});

describe('the order of records', () => {
  it('hold the oldest records first, over groups and within them', () => {
    const batch = createBatch([
      { body: 'c', timeUnixNano: 30n },
      { body: 'b', timeUnixNano: 20n },
    ]);
    const older = createBatch([{ body: 'a', timeUnixNano: 10n }]);
    const [request] = createRequests(
      { logs: [...batch.logs, ...older.logs] },
      { maxRecords: 100, maxBytes: 1_000_000 },
    );
    const bodies = openRequest(request)?.logs.flatMap(({ records }) => records.map(({ body }) => body));
    expect(bodies).toEqual(['a', 'b', 'c']);
  });
});
