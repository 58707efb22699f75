import { describe, expect, test } from 'vitest';
import { MalformedRequestError } from '../../src/otlp/limits.ts';
import {
  decodeLogsResponse,
  decodeLogsResponseJson,
  decodeStatus,
  decodeStatusJson,
  encodeLogsResponse,
  encodeLogsResponseJson,
  encodeStatus,
  encodeStatusJson,
} from '../../src/otlp/response.ts';

describe('ExportLogsServiceResponse', () => {
  test.each([
    [{ rejectedLogRecords: 0, errorMessage: '' }, '', '{}'],
    [
      { rejectedLogRecords: 3, errorMessage: 'no' },
      '0a06080312026e6f',
      '{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}',
    ],
    [{ rejectedLogRecords: 0, errorMessage: 'hm' }, '0a041202686d', '{"partialSuccess":{"errorMessage":"hm"}}'],
  ])('%j', (response, hex, json) => {
    expect(Buffer.from(encodeLogsResponse(response)).toString('hex')).toBe(hex);
    expect(encodeLogsResponseJson(response)).toBe(json);
    expect(decodeLogsResponse(Buffer.from(hex, 'hex'))).toEqual(response);
    expect(decodeLogsResponseJson(json)).toEqual(response);
  });

  test('unknown fields are ignored, numbers may be numbers', () => {
    const json = '{"partialSuccess":{"rejectedLogRecords":2,"new":1},"other":[]}';
    expect(decodeLogsResponseJson(json)).toEqual({ rejectedLogRecords: 2, errorMessage: '' });
  });
});

describe('Status', () => {
  test.each([
    [{ code: 14, message: 'busy' }],
    [{ code: 14, message: 'busy', retryDelayMs: 2500 }],
    [{ code: 8, message: '', retryDelayMs: 0 }],
  ])('%j', (status) => {
    expect(decodeStatus(encodeStatus(status))).toEqual(status);
    expect(decodeStatusJson(encodeStatusJson(status))).toEqual({ code: status.code, message: status.message });
  });

  test('details of JSON, whatever they are, do not matter', () => {
    const json = '{"code":3,"message":"bad","details":[{"@type":"type.googleapis.com/unknown","x":1}]}';
    expect(decodeStatusJson(json)).toEqual({ code: 3, message: 'bad' });
  });
});

test.each([
  ['response', () => decodeLogsResponse(Buffer.from('0aff', 'hex'))],
  ['response of JSON', () => decodeLogsResponseJson('<html>')],
  ['status', () => decodeStatus(Buffer.from('<html>busy</html>'))],
  ['status of JSON', () => decodeStatusJson('busy')],
])('a malformed %s says so', (_name, decode) => {
  expect(decode).toThrow(MalformedRequestError);
});
