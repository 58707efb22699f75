import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeLogsRequest } from '../../src/otlp/decode.ts';
import { encodeLogsRequest } from '../../src/otlp/encode.ts';
import { MalformedRequestError } from '../../src/otlp/limits.ts';
import { splitLogsRequest } from '../../src/otlp/split.ts';
import type { LogBatch } from '../../src/pdata/logs.ts';
import { logBatches as batches } from './arbitraries.ts';

/** Every record with what it stands under. */
function flat({ logs }: LogBatch): unknown[] {
  return logs.flatMap(({ records, ...group }) => records.map((record) => ({ ...group, record })));
}

const limits = fc.record({ maxRecords: fc.integer({ min: 1, max: 5 }), maxBytes: fc.integer({ min: 1, max: 3000 }) });

describe('a request that is split as it is encoded', () => {
  test('keeps its records, their order and what they stand under, within the limits', () => {
    fc.assert(
      fc.property(batches, limits, (batch, { maxRecords, maxBytes }) => {
        const bytes = encodeLogsRequest(batch);
        const parts = splitLogsRequest(bytes, { maxRecords, maxBytes });
        const decoded = parts.map((part) => decodeLogsRequest(part.bytes));
        expect(decoded.flatMap(flat)).toEqual(flat(decodeLogsRequest(bytes)));
        parts.forEach((part, index) => {
          expect(flat(decoded[index]!).length).toBe(part.records);
          expect(part.records).toBeGreaterThan(0);
          expect(part.records).toBeLessThanOrEqual(maxRecords);
          if (part.records > 1) expect(part.bytes.length).toBeLessThanOrEqual(maxBytes);
        });
      }),
    );
  });

  test('is one where all of it fits', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const records = flat(batch).length;
        const parts = splitLogsRequest(encodeLogsRequest(batch), { maxRecords: 1000, maxBytes: 2 ** 30 });
        expect(parts.map((part) => part.records)).toEqual(records === 0 ? [] : [records]);
      }),
    );
  });

  test('is an error where it is cut off', () => {
    const bytes = Buffer.from([0x0a, 0x05, 0x12, 0x7f]);
    expect(() => splitLogsRequest(bytes, { maxRecords: 1, maxBytes: 1 })).toThrow(MalformedRequestError);
  });
});
