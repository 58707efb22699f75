import { connect } from 'node:net';
import { createGzip, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { PermanentError, RefusedError } from '../../../src/component/errors.ts';
import {
  decodeLogsResponse,
  decodeLogsResponseJson,
  decodeStatus,
  decodeStatusJson,
} from '../../../src/otlp/response.ts';
import { bodiesOf } from './bodies.ts';
import {
  gate,
  httpOnly,
  JSON_TYPE,
  jsonRequest,
  type PostOptions,
  post,
  protobufRequest,
  startReceiver,
  until,
} from './setup.ts';

const NOTHING = { rejectedLogRecords: 0, errorMessage: '' };
const LINES = ['first line', 'second line'];

describe('accepted requests', () => {
  const protobuf = protobufRequest(LINES);
  const cases: Record<string, PostOptions> = {
    protobuf: { body: protobuf },
    'protobuf with a parameter in the content type': {
      body: protobuf,
      headers: { 'content-type': 'Application/X-Protobuf; charset=utf-8' },
    },
    json: { body: jsonRequest(LINES), headers: JSON_TYPE },
    'protobuf, gzip': { body: gzipSync(protobuf), headers: { 'content-encoding': 'gzip' } },
    'protobuf, zstd': { body: zstdCompressSync(protobuf), headers: { 'content-encoding': 'zstd' } },
    'protobuf, zstd in frames': {
      body: Buffer.concat([
        zstdCompressSync(protobuf.subarray(0, 9)),
        Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]),
        zstdCompressSync(protobuf.subarray(9)),
      ]),
      headers: { 'content-encoding': 'zstd' },
    },
    'protobuf, gzip in members': {
      body: Buffer.concat([gzipSync(protobuf.subarray(0, 9)), gzipSync(protobuf.subarray(9))]),
      headers: { 'content-encoding': 'gzip' },
    },
    'protobuf, deflate': { body: deflateSync(protobuf), headers: { 'content-encoding': 'deflate' } },
    'json, gzip': { body: gzipSync(jsonRequest(LINES)), headers: { ...JSON_TYPE, 'content-encoding': 'GZIP' } },
    'identity named': { body: protobuf, headers: { 'content-encoding': 'identity' } },
    'a query in the URL': { body: protobuf, path: '/v1/logs?tenant=a' },
    'expect 100-continue': { body: protobuf, headers: { expect: '100-continue' } },
  };
  test.each(Object.entries(cases))('%s', async (_name, options) => {
    const running = await startReceiver(httpOnly());
    const reply = await post(running, options);
    const json = String(reply.headers['content-type']) === 'application/json';
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe(json ? 'application/json' : 'application/x-protobuf');
    expect(json).toBe(options.headers === cases.json.headers || options === cases['json, gzip']);
    // partial_success stays unset where all was taken.
    if (json) expect(reply.body.toString()).toBe('{}');
    else expect(reply.body).toHaveLength(0);
    expect(bodiesOf(running.intake)).toEqual(LINES);
    expect(await running.settings.metrics.value('otelcol_receiver_accepted_log_records', { receiver: 'otlp' })).toBe(2);
  });

  test.each([
    ['protobuf', { body: '' }],
    ['json', { body: '{}', headers: JSON_TYPE }],
    ['json with empty lists', { body: '{"resourceLogs":[{"scopeLogs":[{"logRecords":[]}]}]}', headers: JSON_TYPE }],
  ])('an empty request is a success (%s)', async (_name, options) => {
    const running = await startReceiver(httpOnly());
    expect((await post(running, options)).status).toBe(200);
    expect(running.intake.batches).toEqual([]);
  });

  test.each([
    ['protobuf', protobufRequest],
    ['json', jsonRequest],
  ])('records do not look at the memory of a long body, which is given back (%s)', async (type, requestOf) => {
    const lines = Array.from({ length: 3000 }, (_, index) => `${index} ${'long '.repeat(20)}é`);
    const running = await startReceiver(httpOnly());
    const options = { body: requestOf(lines), ...(type === 'json' && { headers: JSON_TYPE }) };
    const [first, again] = [await post(running, options), await post(running, options)];
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(bodiesOf(running.intake)).toEqual(lines);
  });

  test('records get identity and trust, never from the sender', async () => {
    const running = await startReceiver({ ...httpOnly(), trusted: true });
    await post(running, { body: protobufRequest(['a', 'b']) });
    const [batch] = running.intake.batches;
    const identities = batch.logs[0].records.map((record) => record.identity);
    expect(identities[0]).toMatch(/^otlp:[\w-]{43}:0$/);
    expect(identities[1]).toBe(identities[0].replace(/0$/, '1'));
    expect(batch.logs[0].trusted).toBe(true);
    expect(batch.logs[0].scope.name).toBe('test');
  });
});

describe('refused requests', () => {
  const valid = protobufRequest(LINES);
  const cases: Record<string, { options: PostOptions; status: number; reason: string; headers?: object }> = {
    'another path': { options: { body: valid, path: '/v1/traces' }, status: 404, reason: 'path' },
    GET: { options: { method: 'GET' }, status: 405, reason: 'method', headers: { allow: 'POST' } },
    PUT: { options: { method: 'PUT', body: valid }, status: 405, reason: 'method', headers: { allow: 'POST' } },
    'another content type': {
      options: { body: valid, headers: { 'content-type': 'text/plain' } },
      status: 415,
      reason: 'content_type',
    },
    'a content type of Object.prototype': {
      options: { body: valid, headers: { 'content-type': 'constructor' } },
      status: 415,
      reason: 'content_type',
    },
    'an unknown encoding': {
      options: { body: valid, headers: { 'content-encoding': 'lz4' } },
      status: 415,
      reason: 'content_encoding',
      headers: { 'accept-encoding': 'gzip, zstd, deflate' },
    },
    'two encodings': {
      options: { body: valid, headers: { 'content-encoding': 'gzip, gzip' } },
      status: 415,
      reason: 'content_encoding',
    },
    'not protobuf': { options: { body: 'no protobuf at all' }, status: 400, reason: 'malformed' },
    'truncated protobuf': { options: { body: valid.subarray(0, valid.length - 3) }, status: 400, reason: 'malformed' },
    'not JSON': { options: { body: '{"resourceLogs":[', headers: JSON_TYPE }, status: 400, reason: 'malformed' },
    'JSON that is no request': { options: { body: '[1]', headers: JSON_TYPE }, status: 400, reason: 'malformed' },
    'an empty JSON body': { options: { body: '', headers: JSON_TYPE }, status: 400, reason: 'malformed' },
    'not gzip': { options: { body: valid, headers: { 'content-encoding': 'gzip' } }, status: 400, reason: 'malformed' },
    'truncated gzip': {
      options: { body: gzipSync(valid).subarray(0, 20), headers: { 'content-encoding': 'gzip' } },
      status: 400,
      reason: 'malformed',
    },
    'zstd with something behind it': {
      options: {
        body: Buffer.concat([zstdCompressSync(valid), Buffer.alloc(9, 'x')]),
        headers: { 'content-encoding': 'zstd' },
      },
      status: 400,
      reason: 'malformed',
    },
    'deflate with something behind it': {
      options: {
        body: Buffer.concat([deflateSync(valid), deflateSync(valid)]),
        headers: { 'content-encoding': 'deflate' },
      },
      status: 400,
      reason: 'malformed',
    },
    'nothing, as gzip': {
      options: { body: Buffer.alloc(0), headers: { 'content-encoding': 'gzip' } },
      status: 400,
      reason: 'malformed',
    },
    'truncated zstd': {
      options: { body: zstdCompressSync(valid).subarray(0, 20), headers: { 'content-encoding': 'zstd' } },
      status: 400,
      reason: 'malformed',
    },
    'a body over the limit': { options: { body: Buffer.alloc(4097) }, status: 413, reason: 'too_large' },
    'a chunked body over the limit': {
      options: { body: Buffer.alloc(9000), headers: { 'transfer-encoding': 'chunked' } },
      status: 413,
      reason: 'too_large',
    },
    'a body that inflates over the limit': {
      options: { body: gzipSync(Buffer.alloc(100_000)), headers: { 'content-encoding': 'gzip' } },
      status: 413,
      reason: 'too_large',
    },
    'a zstd body that inflates over the limit': {
      options: { body: zstdCompressSync(Buffer.alloc(100_000)), headers: { 'content-encoding': 'zstd' } },
      status: 413,
      reason: 'too_large',
    },
  };
  test.each(Object.entries(cases))('%s', async (_name, { options, status, reason, headers = {} }) => {
    const running = await startReceiver(httpOnly({ max_request_body_size: 4096 }));
    const reply = await post(running, options);
    expect(reply.status).toBe(status);
    expect(reply.headers).toMatchObject(headers);
    expect(reply.headers).not.toHaveProperty('retry-after');
    if (reply.headers['content-type'] === 'application/json')
      expect(decodeStatusJson(reply.body.toString()).message).not.toBe('');
    else if (reply.headers['content-type'] === 'application/x-protobuf')
      expect(decodeStatus(reply.body).message).not.toBe('');
    else expect(reason).toBe('content_type');
    expect(await running.settings.metrics.value('hids_otlp_failed_requests', { reason, transport: 'http' })).toBe(1);
    // The receiver goes on.
    expect((await post(running, { body: valid })).status).toBe(200);
    expect(bodiesOf(running.intake)).toEqual(LINES);
  });

  const failures = [
    ['a full queue', new RefusedError('queue full', 2300), 429, '3', 'otelcol_receiver_refused_log_records'],
    [
      'a full queue for an instant',
      new RefusedError('queue full', 0),
      429,
      '1',
      'otelcol_receiver_refused_log_records',
    ],
    [
      'data that can never succeed',
      new PermanentError('no host'),
      400,
      undefined,
      'otelcol_receiver_failed_log_records',
    ],
    ['a failure', new Error('disk at /var/lib/secret full'), 503, '5', 'otelcol_receiver_failed_log_records'],
  ] as const;
  test.each(failures)('%s', async (_name, error, status, retryAfter, counter) => {
    const running = await startReceiver(httpOnly());
    running.intake.fail = () => {
      throw error;
    };
    for (const options of [{ body: valid }, { body: jsonRequest(LINES), headers: JSON_TYPE }]) {
      const reply = await post(running, options);
      expect(reply.status).toBe(status);
      expect(reply.headers['retry-after']).toBe(retryAfter);
      expect(reply.headers['content-type']).toBe(options.headers ? 'application/json' : 'application/x-protobuf');
      const { message } = options.headers ? decodeStatusJson(reply.body.toString()) : decodeStatus(reply.body);
      if (status === 503) expect(message).not.toContain('secret');
      else expect(message).toBe(error.message);
    }
    expect(await running.settings.metrics.value(counter)).toBe(4);
    running.intake.fail = undefined;
    expect((await post(running, { body: valid })).status).toBe(200);
    expect(bodiesOf(running.intake)).toEqual(LINES);
  });
});

describe('partial success', () => {
  const deep = `${'{"arrayValue":{"values":['.repeat(70)}{"intValue":1}${']}}'.repeat(70)}`;
  const request = (values: readonly string[]) =>
    `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${values.map((value) => `{"body":${value}}`).join(',')}]}]}]}`;

  test('a record beyond the limits is rejected alone and the sender is told', async () => {
    const running = await startReceiver(httpOnly());
    const reply = await post(running, { body: request(['{"stringValue":"good"}', deep]), headers: JSON_TYPE });
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body.toString())).toEqual({
      partialSuccess: { rejectedLogRecords: '1', errorMessage: 'values nested more than 64 deep' },
    });
    expect(bodiesOf(running.intake)).toEqual(['good']);
    expect(await running.settings.metrics.value('hids_otlp_rejected_log_records')).toBe(1);
  });

  test('references to the string table of profiles are a warning', async () => {
    const running = await startReceiver(httpOnly());
    const reply = await post(running, { body: request(['{"stringValueStrindex":3}']), headers: JSON_TYPE });
    const { rejectedLogRecords, errorMessage } = decodeLogsResponseJson(reply.body.toString());
    expect({ status: reply.status, rejectedLogRecords }).toEqual({ status: 200, rejectedLogRecords: 0 });
    expect(errorMessage).toContain('profiles');
    expect(running.intake.recordCount).toBe(1);
  });
});

describe('hostile senders', () => {
  test('a body of frames that hold nothing ends soon', async () => {
    const running = await startReceiver(httpOnly());
    const body = Buffer.concat(Array<Buffer>(100_000).fill(Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])));
    const reply = await post(running, { body, headers: { 'content-encoding': 'zstd' } });
    expect([reply.status, String(reply.body)]).toEqual([400, expect.stringContaining('more than 1000 frames')]);
  });

  test('a gzip bomb of 1 GB is not inflated beyond the limit', async () => {
    const running = await startReceiver(httpOnly());
    const bomb = createGzip({ level: 1 });
    const chunks: Buffer[] = [];
    bomb.on('data', (chunk: Buffer) => chunks.push(chunk));
    const zeros = Buffer.alloc(16 * 1024 * 1024);
    for (let index = 0; index < 64; index++) {
      await new Promise<void>((resolve) => bomb.write(zeros, () => resolve()));
    }
    await new Promise<void>((resolve) => {
      bomb.once('end', resolve);
      bomb.end();
    });
    const body = Buffer.concat(chunks);
    let most = 0;
    const { inFlight } = running.receiver as unknown as { inFlight: { bytes: number } };
    const watch = setInterval(() => {
      most = Math.max(most, inFlight.bytes);
    }, 1);
    const reply = await post(running, { body, headers: { 'content-encoding': 'gzip' } });
    clearInterval(watch);
    expect(reply.status).toBe(413);
    // And what it was in.
    expect(most).toBeLessThanOrEqual(20 * 1024 * 1024 + body.length);
    await until(() => inFlight.bytes === 0);
  });

  test('records of two bytes each cannot fill the memory', async () => {
    const running = await startReceiver(httpOnly());
    const records = Buffer.alloc(6_000_000);
    for (let index = 0; index < records.length; index += 2) records[index] = 0x12;
    const scope = Buffer.concat([Buffer.from([0x12]), varint(records.length), records]);
    const reply = await post(running, { body: Buffer.concat([Buffer.from([0x0a]), varint(scope.length), scope]) });
    expect(reply.status).toBe(413);
    expect(running.intake.batches).toEqual([]);
  });

  test('100,000 attributes reject the record', async () => {
    const running = await startReceiver(httpOnly());
    const attributes = Array.from({ length: 100_000 }, (_, index) => `{"key":"k${index}"}`).join(',');
    const body = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[${attributes}]},{"body":{"stringValue":"good"}}]}]}]}`;
    const reply = await post(running, { body, headers: JSON_TYPE });
    expect(decodeLogsResponseJson(reply.body.toString()).rejectedLogRecords).toBe(1);
    expect(bodiesOf(running.intake)).toEqual(['good']);
  });

  test.each([
    ['sends its headers too slowly', 'POST /v1/logs HTTP/1.1\r\nhost: a\r\nx-slow: '],
    [
      'sends its body too slowly',
      'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\nab',
    ],
    ['sends no byte', ''],
  ])('a client that %s is cut off', async (_name, start) => {
    const running = await startReceiver(httpOnly({ read_header_timeout: '100ms', read_timeout: '200ms' }));
    const received = await exchange(running.receiver.ports.http!, start);
    expect(received === '' || /^HTTP\/1.1 503 .*\r\nretry-after: 5\r\n/s.test(received)).toBe(true);
    const { inFlight } = running.receiver as unknown as { inFlight: { requests: number } };
    await until(() => inFlight.requests === 0);
  });

  test.each([
    ['bytes that are no HTTP', '\x16\x03\x01\x00\x01\r\n\r\n', '400'],
    ['endless headers', `POST /v1/logs HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`, '431'],
  ])('%s', async (_name, start, status) => {
    const running = await startReceiver(httpOnly());
    expect(await exchange(running.receiver.ports.http!, start)).toContain(`HTTP/1.1 ${status}`);
    expect(await running.settings.metrics.value('hids_otlp_failed_requests', { reason: `http_${status}` })).toBe(1);
  });

  test('a client that goes away in the middle leaves nothing behind', async () => {
    const running = await startReceiver(httpOnly());
    const { inFlight } = running.receiver as unknown as { inFlight: { requests: number; bytes: number } };
    const socket = connect(running.receiver.ports.http!, '127.0.0.1');
    socket.write(
      'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\nab',
    );
    await until(() => inFlight.requests === 1 && inFlight.bytes > 0);
    socket.destroy();
    await until(() => inFlight.requests === 0 && inFlight.bytes === 0);
    expect(await running.settings.metrics.value('hids_otlp_failed_requests', { reason: 'aborted' })).toBe(1);
  });

  test('connections beyond the limit are closed', async () => {
    const running = await startReceiver(httpOnly({ max_connections: 1 }));
    const first = connect(running.receiver.ports.http!, '127.0.0.1');
    await new Promise<void>((resolve) => first.once('connect', resolve));
    await expect(exchange(running.receiver.ports.http!, '')).resolves.toBe('');
    expect(await running.settings.metrics.value('hids_otlp_failed_requests', { reason: 'too_many_connections' })).toBe(
      1,
    );
    first.destroy();
  });
});

describe('in flight', () => {
  test('requests beyond the limit are refused until later', async () => {
    const running = await startReceiver({ ...httpOnly(), max_in_flight_requests: 1 });
    const held = gate();
    running.intake.fail = () => held.promise;
    const first = post(running, { body: protobufRequest(['one']) });
    await until(() => running.intake.inFlight === 1);
    const second = await post(running, { body: protobufRequest(['two']) });
    expect([second.status, second.headers['retry-after']]).toEqual([429, '1']);
    held.open();
    expect((await first).status).toBe(200);
    running.intake.fail = undefined;
    expect((await post(running, { body: protobufRequest(['two']) })).status).toBe(200);
  });

  test('memory beyond the limit is refused until later', async () => {
    const running = await startReceiver({ ...httpOnly(), max_in_flight_size: '1MiB' });
    const held = gate();
    running.intake.fail = () => held.promise;
    const big = protobufRequest(['x'.repeat(900_000)]);
    const first = post(running, { body: big });
    await until(() => running.intake.inFlight === 1);
    const second = await post(running, { body: protobufRequest(['y'.repeat(900_000)]) });
    expect(second.status).toBe(429);
    held.open();
    expect((await first).status).toBe(200);
  });

  test('no answer before the records are safe', async () => {
    const running = await startReceiver(httpOnly());
    const held = gate();
    running.intake.fail = () => held.promise;
    let answered = false;
    const reply = post(running, { body: protobufRequest(['one']) }).then((found) => {
      answered = true;
      return found;
    });
    await until(() => running.intake.inFlight === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    held.open();
    expect(decodeLogsResponse((await reply).body)).toEqual(NOTHING);
  });
});

describe('shutdown', () => {
  test('lets a request in flight end and accepts nothing new', async () => {
    const running = await startReceiver(httpOnly());
    const held = gate();
    running.intake.fail = () => held.promise;
    const reply = post(running, { body: protobufRequest(['one']) });
    await until(() => running.intake.inFlight === 1);
    const stopped = running.receiver.shutdown();
    await expect(post(running, { body: protobufRequest(['two']) })).rejects.toThrow(/ECONNREFUSED/);
    held.open();
    const { status, headers } = await reply;
    expect([status, headers.connection]).toEqual([200, 'close']);
    await stopped;
    expect(running.host.statuses.get('otlp')).toEqual({ state: 'stopped' });
    expect(bodiesOf(running.intake)).toEqual(['one']);
  });

  test('does not wait longer than its limit', async () => {
    const running = await startReceiver({ ...httpOnly(), shutdown_timeout: '3s' });
    const held = gate();
    running.intake.fail = () => held.promise;
    const reply = post(running, { body: protobufRequest(['one']) });
    const cut = expect(reply).rejects.toThrow();
    await until(() => running.intake.inFlight === 1);
    const stopped = running.receiver.shutdown();
    await running.settings.clock.advance(3000);
    await Promise.all([stopped, cut]);
    held.open();
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** Sends raw bytes and gives what comes back until the server closes. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      if (text !== '') socket.write(text, 'latin1');
    });
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
  });
}
