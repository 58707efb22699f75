import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeLogsRequest } from '../../src/otlp/decode.ts';
import { decodeLogsRequestJson } from '../../src/otlp/decode-json.ts';
import { decodeLogsRequestReference } from '../../src/otlp/decode-reference.ts';
import { encodeLogsRequest } from '../../src/otlp/encode.ts';
import { encodeLogsRequestJson } from '../../src/otlp/encode-json.ts';
import { ExportLogsServiceRequestSchema } from '../../src/otlp/generated/opentelemetry/proto/collector/logs/v1/logs_service_pb.js';
import {
  LogRecordSchema,
  ResourceLogsSchema,
  ScopeLogsSchema,
} from '../../src/otlp/generated/opentelemetry/proto/logs/v1/logs_pb.js';
import { createDecodeReport, MalformedRequestError } from '../../src/otlp/limits.ts';
import { createLogRecord, type LogBatch } from '../../src/pdata/logs.ts';
import { logBatches, requestMessages } from './arbitraries.ts';

/** A failing case may be large; the time bounds its shrinking. */
const runs = (numRuns: number) => ({ numRuns, interruptAfterTimeLimit: 20_000 });

/** protobuf's JSON has base64 where OTLP/JSON has hexadecimal ids. */
function toOtlpJson(message: Parameters<typeof toJson<typeof ExportLogsServiceRequestSchema>>[1]): string {
  return JSON.stringify(toJson(ExportLogsServiceRequestSchema, message), (key, value) =>
    key === 'traceId' || key === 'spanId' ? Buffer.from(value, 'base64').toString('hex') : value,
  );
}

describe('protobuf', () => {
  test('the fast walk gives what the generated code gives', () => {
    fc.assert(
      fc.property(requestMessages, (message) => {
        const bytes = toBinary(ExportLogsServiceRequestSchema, message);
        expect(decodeLogsRequest(bytes)).toEqual(decodeLogsRequestReference(bytes));
      }),
      runs(300),
    );
  });

  test('the parts of one message merge as the generated code merges them', () => {
    fc.assert(
      fc.property(requestMessages, requestMessages, (one, two) => {
        const parts = [...one.resourceLogs, ...two.resourceLogs];
        const resourceLogs = nest(1, Buffer.concat(parts.map((part) => toBinary(ResourceLogsSchema, part))));
        expectAgreement(resourceLogs);
        const scopes = parts.flatMap((part) => part.scopeLogs.map((group) => toBinary(ScopeLogsSchema, group)));
        expectAgreement(nest(1, nest(2, Buffer.concat(scopes))));
        const records = parts.flatMap((part) => part.scopeLogs.flatMap((group) => group.logRecords));
        const merged = Buffer.concat(records.map((record) => toBinary(LogRecordSchema, record)));
        expectAgreement(nest(1, nest(2, nest(2, merged))));
      }),
      runs(300),
    );
  });

  test('cut and flipped bytes give a batch or a MalformedRequestError, nothing else', () => {
    fc.assert(
      fc.property(
        requestMessages,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (message, cut, place, byte) => {
          const bytes = Buffer.from(toBinary(ExportLogsServiceRequestSchema, message));
          if (bytes.length === 0) return;
          bytes[place % bytes.length] = byte;
          for (const candidate of [bytes, bytes.subarray(0, cut % bytes.length)]) {
            expectAgreement(candidate);
          }
        },
      ),
      runs(2000),
    );
  });

  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeLogsRequest(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedRequestError);
        }
      }),
      runs(2000),
    );
  });

  test('the decoder reads a view in the middle of a larger buffer', () => {
    const bytes = encodeLogsRequest(sample());
    const around = new Uint8Array(bytes.length + 14);
    around.set(bytes, 7);
    expect(decodeLogsRequest(around.subarray(7, 7 + bytes.length))).toEqual(decodeLogsRequest(bytes));
  });

  test('what is encoded decodes to the same, by both decoders', () => {
    fc.assert(
      fc.property(logBatches, (batch) => {
        const bytes = encodeLogsRequest(batch);
        expect(decodeLogsRequest(bytes)).toEqual(batch);
        expect(decodeLogsRequestReference(bytes)).toEqual(batch);
      }),
      runs(300),
    );
  });

  test('the encoding is as long as that of the generated code and means the same', () => {
    fc.assert(
      fc.property(logBatches, (batch) => {
        const bytes = encodeLogsRequest(batch);
        const message = fromBinary(ExportLogsServiceRequestSchema, bytes);
        expect(Buffer.from(toBinary(ExportLogsServiceRequestSchema, message)).length).toBe(bytes.length);
        expect(message).toEqual(
          fromBinary(ExportLogsServiceRequestSchema, toBinary(ExportLogsServiceRequestSchema, message)),
        );
      }),
      runs(300),
    );
  });
});

describe('JSON', () => {
  test('gives what the binary form gives', () => {
    fc.assert(
      fc.property(requestMessages, (message) => {
        const bytes = toBinary(ExportLogsServiceRequestSchema, message);
        // protobuf's own JSON writes unknown enum numbers as numbers and known ones by name; both are read.
        expect(decodeLogsRequestJson(toOtlpJson(message))).toEqual(decodeLogsRequest(bytes));
      }),
      runs(300),
    );
  });

  test('what is encoded decodes to the same', () => {
    fc.assert(
      fc.property(logBatches, (batch) => {
        expect(decodeLogsRequestJson(encodeLogsRequestJson(batch))).toEqual(batch);
      }),
      runs(300),
    );
  });

  test('any JSON gives a batch or a MalformedRequestError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          decodeLogsRequestJson(text);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedRequestError);
        }
      }),
      runs(1000),
    );
  });
});

test('empty requests are empty batches', () => {
  expect(decodeLogsRequest(new Uint8Array())).toEqual({ logs: [] });
  expect(decodeLogsRequestJson('{}')).toEqual({ logs: [] });
  expect(encodeLogsRequest({ logs: [] })).toHaveLength(0);
  const report = createDecodeReport();
  const empty = toBinary(
    ExportLogsServiceRequestSchema,
    create(ExportLogsServiceRequestSchema, { resourceLogs: [{ scopeLogs: [{ scope: { name: 'x' } }] }] }),
  );
  expect(decodeLogsRequest(empty, { report })).toEqual({ logs: [] });
  expect(report.rejectedRecords).toBe(0);
});

test('neighbouring groups of one resource are sent as one', () => {
  const batch = sample();
  batch.logs.push({ ...batch.logs[0], scope: { name: 'second', version: '', attributes: new Map() } });
  const message = fromBinary(ExportLogsServiceRequestSchema, encodeLogsRequest(batch));
  expect(message.resourceLogs.map((item) => item.scopeLogs.map((group) => group.scope?.name))).toEqual([
    ['first', 'second'],
  ]);
  expect(JSON.parse(encodeLogsRequestJson(batch)).resourceLogs).toHaveLength(1);
});

function sample(): LogBatch {
  return {
    logs: [
      {
        resource: { attributes: new Map([['host.name', 'web01']]) },
        scope: { name: 'first', version: '1', attributes: new Map() },
        schemaUrl: '',
        trusted: false,
        records: [createLogRecord({ body: 'a line', timeUnixNano: 5n, traceId: '0123456789abcdef0123456789abcdef' })],
      },
    ],
  };
}

function outcome(decode: (bytes: Uint8Array) => LogBatch, bytes: Uint8Array): LogBatch | Error {
  try {
    return decode(bytes);
  } catch (error) {
    return error as Error;
  }
}

/** What the strict walk takes, the generated code takes too and gives the same, except for text that is not UTF-8. */
function expectAgreement(bytes: Uint8Array): void {
  const ours = outcome(decodeLogsRequest, bytes);
  const reference = outcome(decodeLogsRequestReference, bytes);
  if (ours instanceof Error) expect(ours).toBeInstanceOf(MalformedRequestError);
  else if (reference instanceof Error) expect(reference.message).toMatch(/not valid for encoding utf-8/);
  else expect(ours).toEqual(reference);
}

function nest(field: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = content.length;
  while (rest > 0x7f) {
    length.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.concat([Buffer.from([field * 8 + 2, ...length, rest]), content]);
}
