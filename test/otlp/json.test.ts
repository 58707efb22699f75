import { describe, expect, test } from 'vitest';
import { decodeLogsRequestJson } from '../../src/otlp/decode-json.ts';
import { MalformedRequestError } from '../../src/otlp/limits.ts';

const request = (record: string) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`;
const decode = (record: string) => decodeLogsRequestJson(request(record)).logs[0].records[0];

describe('forms that senders use', () => {
  test.each([
    ['64-bit integers as text', '{"timeUnixNano":"1700000000123456789"}', { timeUnixNano: 1_700_000_000_123_456_789n }],
    [
      '64-bit integers as numbers, exact',
      '{"timeUnixNano": 1700000000123456789 }',
      { timeUnixNano: 1_700_000_000_123_456_789n },
    ],
    [
      'a long number inside a text',
      '{"body":{"stringValue":"a: 1700000000123456789, b"}}',
      { body: 'a: 1700000000123456789, b' },
    ],
    ['a long integer value', '{"body":{"intValue":-9223372036854775808}}', { body: -(2n ** 63n) }],
    ['an integer value as text', '{"body":{"intValue":"42"}}', { body: 42 }],
    ['an integer value as number', '{"body":{"intValue":42}}', { body: 42 }],
    ['a whole double', '{"body":{"doubleValue":3}}', { body: 3 }],
    ['a long whole double', '{"body":{"doubleValue":100000000000000000000}}', { body: 1e20 }],
    ['NaN', '{"body":{"doubleValue":"NaN"}}', { body: Number.NaN }],
    ['infinity', '{"body":{"doubleValue":"-Infinity"}}', { body: Number.NEGATIVE_INFINITY }],
    ['bytes', '{"body":{"bytesValue":"AP8="}}', { body: new Uint8Array([0, 255]) }],
    [
      'bytes in the URL alphabet without padding',
      '{"body":{"bytesValue":"-_8"}}',
      { body: new Uint8Array([251, 255]) },
    ],
    ['severity as number', '{"severityNumber":9}', { severityNumber: 9 }],
    ['severity as name', '{"severityNumber":"SEVERITY_NUMBER_WARN2"}', { severityNumber: 14 }],
    ['severity out of range', '{"severityNumber":77}', { severityNumber: 0 }],
    [
      'ids in upper case',
      '{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174"}',
      { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' },
    ],
    ['an id of the wrong length', '{"traceId":"abcd"}', { traceId: '' }],
    ['an id of zeros', '{"spanId":"0000000000000000"}', { spanId: '' }],
    [
      'null as absent',
      '{"body":null,"attributes":null,"severityText":null,"flags":null}',
      { body: null, severityText: '', flags: 0 },
    ],
    [
      'unknown keys',
      '{"novelty":{"a":[1]},"severityText":"x","time_unix_nano":"1"}',
      { severityText: 'x', timeUnixNano: 0n },
    ],
    ['keys of Object.prototype', '{"__proto__":{"severityText":"x"},"constructor":1}', { severityText: '' }],
    ['a value of nothing', '{"body":{}}', { body: null }],
    [
      'an empty list and map',
      '{"body":{"arrayValue":{"values":[{"kvlistValue":{}},{}]}}}',
      { body: [new Map(), null] },
    ],
    [
      'the first of equal keys',
      '{"attributes":[{"key":"a","value":{"intValue":1}},{"key":"a","value":{"intValue":2}}]}',
      { attributes: new Map([['a', 1]]) },
    ],
  ])('%s', (_name, record, expected) => {
    expect(decode(record)).toMatchObject(expected);
  });

  test('a byte-order mark before the request', () => {
    expect(decodeLogsRequestJson(`\ufeff${request('{}')}`).logs).toHaveLength(1);
  });
});

describe('malformed', () => {
  test.each([
    ['time as a fraction', '{"timeUnixNano":1.5}'],
    ['time as words', '{"timeUnixNano":"now"}'],
    ['a negative time', '{"timeUnixNano":"-1"}'],
    ['a time beyond 64 bits', '{"timeUnixNano":"18446744073709551616"}'],
    ['a time of a thousand digits', `{"timeUnixNano":"${'9'.repeat(1000)}"}`],
    ['an integer beyond 64 bits', '{"body":{"intValue":"9223372036854775808"}}'],
    ['an integer with a sign of plus', '{"body":{"intValue":"+1"}}'],
    ['a double of words', '{"body":{"doubleValue":"much"}}'],
    ['a double of blanks', '{"body":{"doubleValue":" "}}'],
    ['a boolean as text', '{"body":{"boolValue":"true"}}'],
    ['text as number', '{"body":{"stringValue":1}}'],
    ['a body as text', '{"body":"text"}'],
    ['two values at once', '{"body":{"stringValue":"a","intValue":1}}'],
    ['bytes that are no base64', '{"body":{"bytesValue":"a b!"}}'],
    ['an id that is not hexadecimal', '{"traceId":"W47/95gDgQPSabYzgT/GDA=="}'],
    ['an unknown severity name', '{"severityNumber":"LOUD"}'],
    ['attributes as a map', '{"attributes":{"a":1}}'],
    ['an attribute as text', '{"attributes":["a"]}'],
    ['a list as an array', '{"body":{"arrayValue":[1]}}'],
    ['flags beyond 32 bits', '{"flags":4294967296}'],
    ['a record as null', 'null'],
  ])('%s', (_name, record) => {
    expect(() => decode(record)).toThrow(MalformedRequestError);
    expect(() => decode(record)).toThrow(/malformed OTLP\/JSON: /);
  });

  test.each([
    '',
    ' ',
    'null',
    '1',
    '"text"',
    '[]',
    '{"resourceLogs":{}}',
    '{"resourceLogs":[]',
    '{"resourceLogs":[{}]}{}',
  ])('%j', (text) => {
    expect(() => decodeLogsRequestJson(text)).toThrow(MalformedRequestError);
  });
});
