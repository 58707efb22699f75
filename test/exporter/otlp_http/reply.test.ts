import { describe, expect, it } from 'vitest';
import { judgeError, judgeReply, parseRetryAfter, type Verdict } from '../../../src/exporter/otlp_http/reply.ts';
import { encodeLogsResponse, encodeStatus, encodeStatusJson } from '../../../src/otlp/response.ts';

const NOW = Date.UTC(2026, 0, 1);

function judge(status: number, body: string | Uint8Array = '', headers: Record<string, string> = {}): Verdict {
  return judgeReply({ status, headers, body: Buffer.from(body) }, NOW);
}

describe('judgeReply', () => {
  it.each<[number, Verdict['kind']]>([
    [200, 'accepted'],
    [202, 'accepted'],
    [204, 'accepted'],
    [301, 'misconfigured'],
    [308, 'misconfigured'],
    [400, 'refused'],
    [401, 'misconfigured'],
    [403, 'misconfigured'],
    [404, 'misconfigured'],
    [405, 'misconfigured'],
    [407, 'misconfigured'],
    [408, 'unavailable'],
    [409, 'refused'],
    [413, 'too_large'],
    [415, 'misconfigured'],
    [422, 'refused'],
    [429, 'unavailable'],
    [500, 'doubtful'],
    [501, 'misconfigured'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
    [599, 'doubtful'],
  ])('%i is %s', (status, kind) => {
    expect(judge(status).kind).toBe(kind);
  });

  it.each<[string, string | Uint8Array, string, string]>([
    ['a status in protobuf', encodeStatus({ code: 3, message: 'bad label' }), 'application/x-protobuf', 'bad label'],
    [
      'one that is called bytes',
      encodeStatus({ code: 3, message: 'bad label' }),
      'application/octet-stream',
      'bad label',
    ],
    ['one in JSON', encodeStatusJson({ code: 3, message: 'bad label' }), 'application/json', 'bad label'],
    ['plain text', ' no such tenant\n', 'text/plain', 'no such tenant'],
    ['JSON of another kind', '{"error":"no"}', 'application/json', '{"error":"no"}'],
    ['control characters', 'a\x1b[2J\nb', 'text/plain', 'a\\x1b[2J\\x0ab'],
    ['bytes of no kind', new Uint8Array([0xff, 0xfe]), 'application/octet-stream', '\ufffd\ufffd'],
  ])('reads the reason from %s', (_name, body, type, expected) => {
    expect(judge(400, body, { 'content-type': type })).toMatchObject({ kind: 'refused', reason: `400: ${expected}` });
  });

  it('cuts endless reasons', () => {
    const verdict = judge(400, 'x'.repeat(100_000));
    expect((verdict as { reason: string }).reason.length).toBeLessThan(2100);
  });

  it.each<[string, string | Uint8Array, string]>([
    ['nothing', '', ''],
    ['no protobuf', 'ok', 'application/x-protobuf'],
    ['no JSON', 'ok', 'application/json'],
    ['a text', 'accepted', 'text/plain'],
    [
      'a truncated message',
      encodeLogsResponse({ rejectedLogRecords: 3, errorMessage: 'x' }).subarray(0, 3),
      'application/x-protobuf',
    ],
  ])('believes a 200 that says %s', (_name, body, type) => {
    expect(judge(200, body, { 'content-type': type })).toEqual({ kind: 'accepted', rejected: 0, message: '' });
  });

  it('finds the newest limit of a text with many', () => {
    const text = [
      "entry with timestamp 2025 ignored, reason: 'entry too far behind, entry timestamp is: 2025-12-31T22:00:00Z, oldest acceptable timestamp is: 2025-12-31T23:00:00Z',",
      "entry with timestamp 2025 ignored, reason: 'entry too far behind, entry timestamp is: 2025-12-31T22:00:01Z, oldest acceptable timestamp is: 2025-12-31T23:00:05Z',",
      'user \'fake\', total ignored: 2 out of 3 for stream: {service_name="otel-hids"}',
    ].join('\n');
    const acceptableFrom = BigInt(Date.UTC(2025, 11, 31, 23, 0, 5)) * 1_000_000n;
    expect(judge(400, text)).toMatchObject({ kind: 'refused', time: { acceptableFrom } });
  });

  it('does not take every refusal for one of time', () => {
    expect(judge(400, 'stream has 129 structured metadata labels; limit: 128')).toMatchObject({ time: undefined });
  });
});

describe('parseRetryAfter', () => {
  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['0', 0],
    ['7', 7000],
    [' 7 ', 7000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['99999999', 3_600_000],
    ['-5', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('%j is %j', (text, expected) => {
    expect(parseRetryAfter(text, NOW)).toBe(expected);
  });
});

describe('judgeError', () => {
  it.each<[string, Verdict['kind']]>([
    ['ECONNREFUSED', 'unavailable'],
    ['ECONNRESET', 'unavailable'],
    ['ENOTFOUND', 'unavailable'],
    ['ETIMEDOUT', 'unavailable'],
    ['CERT_HAS_EXPIRED', 'misconfigured'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'misconfigured'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'misconfigured'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'misconfigured'],
    ['ERR_INVALID_CHAR', 'misconfigured'],
  ])('%s is %s', (code, kind) => {
    expect(judgeError(Object.assign(new Error('x'), { code }))).toMatchObject({ kind, reason: `${code}: x` });
  });

  it('names every address that was tried', () => {
    const error = new AggregateError([
      new Error('connect ECONNREFUSED ::1'),
      new Error('connect ECONNREFUSED 127.0.0.1'),
    ]);
    expect(judgeError(Object.assign(error, { code: 'ECONNREFUSED' }))).toMatchObject({
      reason: 'connect ECONNREFUSED ::1; connect ECONNREFUSED 127.0.0.1',
    });
  });
});
