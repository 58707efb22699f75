import { describe, expect, test } from 'vitest';
import { decodeLogsRequest } from '../../src/otlp/decode.ts';
import { decodeLogsRequestJson } from '../../src/otlp/decode-json.ts';
import { encodeLogsRequest } from '../../src/otlp/encode.ts';
import {
  createDecodeReport,
  DEFAULT_LIMITS,
  type DecodeOptions,
  MalformedRequestError,
  RequestTooLargeError,
} from '../../src/otlp/limits.ts';
import type { AnyValue } from '../../src/pdata/any-value.ts';
import { countRecords, type LogBatch } from '../../src/pdata/logs.ts';
import { createBatch } from '../support/batches.ts';

/** A request with one record of the given bytes. */
const record = (hex: string) => field(1, field(2, field(2, Buffer.from(hex, 'hex'))));

describe('malformed protobuf', () => {
  test.each([
    ['a varint that does not end', record('10ffffffffffffffffffff01')],
    ['a varint cut off', record('10ff')],
    ['a length beyond the end', record('1a05616263')],
    [
      'a length beyond the message, inside the request',
      Buffer.concat([field(1, Buffer.from('1203', 'hex')), Buffer.alloc(8)]),
    ],
    ['a length of 2^32', record('1a8080808010')],
    ['a length of 2^32-1', record('1affffffff0f')],
    ['field number 0', record('0001')],
    ['wire type 6', record('1601')],
    ['wire type 7 of an unknown field', record('a70601')],
    ['time as varint', record('0801')],
    ['severity as text', record('120161')],
    ['body as varint', record('2801')],
    ['attributes as fixed64', record('310000000000000000')],
    ['flags as fixed64', record('410000000000000000')],
    ['trace id as varint', record('4801')],
    ['a fixed64 cut off', record('0900000000')],
    ['a fixed32 cut off', record('450000')],
    ['a tag of more than 32 bits', record('8880808080808001')],
    ['a group that does not end', record('a306')],
    ['a group that ends as another', record('a306ac06')],
    ['an end of a group without a start', record('a406')],
    ['groups in groups without end', record('a306'.repeat(100))],
    ['dropped attributes of a resource as text', field(1, field(1, Buffer.from('120161', 'hex')))],
    ['resource logs as varint', Buffer.from('0801', 'hex')],
  ])('%s', (_name, bytes) => {
    expect(() => decodeLogsRequest(bytes)).toThrow(MalformedRequestError);
    expect(() => decodeLogsRequest(bytes)).toThrow(/malformed protobuf at byte \d+: /);
  });
});

describe('well-formed oddities', () => {
  const cases: [string, string, Partial<LogBatch['logs'][0]['records'][0]>][] = [
    [
      'unknown fields of every wire type',
      'a006ff01a1060102030405060708a206026162a50601020304a306a00601a4061a0161',
      { severityText: 'a' },
    ],
    ['an overlong varint', '10898080808000', { severityNumber: 9 }],
    ['a severity out of range', '1063', { severityNumber: 0 }],
    ['a negative severity', '10ffffffffffffffffff01', { severityNumber: 0 }],
    ['a trace id of the wrong length', '4a02abcd', { traceId: '' }],
    ['a trace id of zeros', `4a10${'00'.repeat(16)}`, { traceId: '' }],
    ['a trace id', `4a10${'0'.repeat(31)}1`, { traceId: `${'0'.repeat(31)}1` }],
    ['text that is not UTF-8', '2a050a0361ff62', { body: 'a\ufffdb' }],
    ['a text with a byte-order mark and NUL', '2a060a04efbbbf00', { body: '\ufeff\0' }],
    ['the smallest integer', '2a0b1880808080808080808001', { body: -(2n ** 63n) }],
    ['minus one', '2a0b18ffffffffffffffffff01', { body: -1 }],
    ['the largest exact integer', '2a0918ffffffffffffff0f', { body: Number.MAX_SAFE_INTEGER }],
    ['the first that is not exact', '2a09188080808080808010', { body: 2n ** 53n }],
    ['a value of nothing', '2a00', { body: null }],
    ['the last of several values counts', '2a050a01611801', { body: 1 }],
  ];
  test.each(cases)('%s', (_name, hex, expected) => {
    expect(decodeLogsRequest(record(hex)).logs[0].records[0]).toMatchObject(expected);
  });

  test('the first of several equal keys counts, __proto__ is a key like others', () => {
    const entry = (key: string, value: string) =>
      field(6, Buffer.concat([field(1, Buffer.from(key)), field(2, field(1, Buffer.from(value)))]));
    const bytes = field(
      1,
      field(2, field(2, Buffer.concat([entry('__proto__', 'a'), entry('k', 'b'), entry('k', 'c')]))),
    );
    expect(decodeLogsRequest(bytes).logs[0].records[0].attributes).toEqual(
      new Map([
        ['__proto__', 'a'],
        ['k', 'b'],
      ]),
    );
  });

  test('the schema URL of the scope counts, else that of the resource', () => {
    const scope = (url: string) => field(2, Buffer.concat([field(2, Buffer.alloc(0)), field(3, Buffer.from(url))]));
    const bytes = field(1, Buffer.concat([scope('own'), scope(''), field(3, Buffer.from('resource'))]));
    expect(decodeLogsRequest(bytes).logs.map((group) => group.schemaUrl)).toEqual(['own', 'resource']);
  });
});

describe('limits', () => {
  const nested = (depth: number): AnyValue => (depth === 0 ? 'leaf' : [nested(depth - 1)]);
  const nestedMap = (depth: number): AnyValue => (depth === 0 ? 'leaf' : new Map([['k', nestedMap(depth - 1)]]));
  const entries = (count: number) => new Map(Array.from({ length: count }, (_, index) => [`k${index}`, index]));
  const list = (count: number): AnyValue => new Array(count).fill(1);

  const tooMuch: [string, LogBatch][] = [
    ['lists', createBatch([{ body: nested(65) }, 'good'])],
    ['maps', createBatch([{ body: nestedMap(65) }, 'good'])],
    ['maps in attributes', createBatch([{ attributes: new Map([['k', nestedMap(65)]]) }, 'good'])],
    ['attributes', createBatch([{ attributes: entries(10_001) }, 'good'])],
    ['elements', createBatch([{ body: list(10_001) }, 'good'])],
    ['entries of a map', createBatch([{ body: entries(10_001) }, 'good'])],
  ];
  const decoders: [string, (batch: LogBatch, options: DecodeOptions) => LogBatch][] = [
    ['protobuf', (batch, options) => decodeLogsRequest(encodeLogsRequest(batch), options)],
    ['JSON', (batch, options) => decodeLogsRequestJson(toJson(batch), options)],
  ];

  for (const [format, decode] of decoders) {
    test.each(tooMuch)(`${format}: too many %s reject the record alone`, (_name, batch) => {
      const report = createDecodeReport();
      const decoded = decode(batch, { report });
      expect(decoded.logs[0].records.map(({ body }) => body)).toEqual(['good']);
      expect(report).toMatchObject({ rejectedRecords: 1, rejectedReason: expect.stringMatching(/more than/) });
    });

    test(`${format}: what is just within the limits is taken`, () => {
      const report = createDecodeReport();
      const batch = createBatch([
        { body: nested(64) },
        { body: nestedMap(64) },
        { attributes: entries(10_000) },
        { body: list(10_000) },
      ]);
      expect(countRecords(decode(batch, { report }))).toBe(4);
      expect(report.rejectedRecords).toBe(0);
    });

    test(`${format}: a resource or scope beyond the limits rejects its records`, () => {
      const attributes = entries(10_001);
      for (const group of [{ resource: { attributes } }, { scope: { name: '', version: '', attributes } }]) {
        const report = createDecodeReport();
        expect(decode(createBatch(['a', 'b'], group), { report }).logs).toEqual([]);
        expect(report).toMatchObject({
          rejectedRecords: 2,
          rejectedReason: expect.stringMatching(/^(resource|scope): more/),
        });
      }
    });

    test(`${format}: more memory than allowed is refused`, () => {
      const batch = createBatch(Array.from({ length: 1000 }, () => 'x'.repeat(100)));
      const limits = { ...DEFAULT_LIMITS, maxDecodedBytes: 100_000 };
      expect(() => decode(batch, { limits })).toThrow(RequestTooLargeError);
      const report = createDecodeReport();
      decode(batch, { report });
      expect(report.decodedBytes).toBeGreaterThan(500_000);
      expect(report.decodedBytes).toBeLessThan(1_000_000);
    });
  }

  test('JSON of any depth is an error, not a crash', () => {
    const deep = `{"resourceLogs":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(() => decodeLogsRequestJson(deep)).toThrow(MalformedRequestError);
    const withLongNumber = deep.replace('}', ',"x":12345678901234567890}');
    expect(() => decodeLogsRequestJson(withLongNumber)).toThrow(MalformedRequestError);
  });

  test('protobuf of any depth is a rejected record, not a crash', () => {
    let value: Buffer = Buffer.from('1801', 'hex');
    for (let depth = 0; depth < 5000; depth++) value = field(5, field(1, value));
    const report = createDecodeReport();
    const bytes = field(1, field(2, Buffer.concat([field(2, field(5, value)), field(2, Buffer.alloc(0))])));
    expect(countRecords(decodeLogsRequest(bytes, { report }))).toBe(1);
    expect(report.rejectedRecords).toBe(1);
  });
});

/** OTLP/JSON by the shortest way, independent of the encoder. */
function toJson(batch: LogBatch): string {
  const value = (item: AnyValue): unknown => {
    if (typeof item === 'string') return { stringValue: item };
    if (Array.isArray(item)) return { arrayValue: { values: item.map(value) } };
    if (item instanceof Map) return { kvlistValue: { values: pairs(item) } };
    return { intValue: String(item) };
  };
  const pairs = (map: ReadonlyMap<string, AnyValue>) => [...map].map(([key, item]) => ({ key, value: value(item) }));
  const [group] = batch.logs;
  const logRecords = group.records.map(({ body, attributes }) => ({
    body: value(body),
    attributes: pairs(attributes),
  }));
  const scope = { attributes: pairs(group.scope.attributes) };
  return JSON.stringify({
    resourceLogs: [{ resource: { attributes: pairs(group.resource.attributes) }, scopeLogs: [{ scope, logRecords }] }],
  });
}

function field(number: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length, rest]), content]);
}
