import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PermanentError, RefusedError } from '../../../src/component/errors.ts';
import { decodeLogsResponse, decodeStatus } from '../../../src/otlp/response.ts';
import { bodiesOf } from './bodies.ts';
import { gate, grpcOnly, protobufRequest, type RunningReceiver, startReceiver, until } from './setup.ts';

const PATH = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const GZIP = 2;

function connect({ receiver }: RunningReceiver, options: object = {}): Client {
  const client = new Client(`127.0.0.1:${receiver.ports.grpc}`, credentials.createInsecure(), options);
  onTestFinished(() => client.close());
  return client;
}

function send(client: Client, body: Uint8Array, { path = PATH, metadata = new Metadata() } = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const bytes = (buffer: Buffer) => buffer;
    client.makeUnaryRequest(path, bytes, bytes, Buffer.from(body), metadata, (error, reply) => {
      if (error) reject(error);
      else resolve(reply!);
    });
  });
}

async function failure(reply: Promise<unknown>): Promise<ServiceError> {
  return reply.then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: ServiceError) => error,
  );
}

function retryDelayOf(error: ServiceError): number | undefined {
  const [details] = error.metadata.get('grpc-status-details-bin');
  return details === undefined ? undefined : decodeStatus(details as Buffer).retryDelayMs;
}

describe('accepted calls', () => {
  test.each([
    ['plain', {}],
    ['gzip', { 'grpc.default_compression_algorithm': GZIP }],
  ])('%s', async (_name, options) => {
    const running = await startReceiver(grpcOnly());
    const lines = ['one', 'x'.repeat(10_000)];
    const reply = await send(connect(running, options), protobufRequest(lines));
    expect(decodeLogsResponse(reply)).toEqual({ rejectedLogRecords: 0, errorMessage: '' });
    expect(reply).toHaveLength(0);
    expect(bodiesOf(running.intake)).toEqual(lines);
  });

  test('an empty request is a success, a resent one is not evaluated again', async () => {
    const running = await startReceiver(grpcOnly());
    const client = connect(running);
    await send(client, new Uint8Array());
    await Promise.all([1, 2, 3].map(() => send(client, protobufRequest(['one']))));
    expect(bodiesOf(running.intake)).toEqual(['one']);
  });
});

describe('refused calls', () => {
  test.each([
    ['truncated', protobufRequest(['one']).subarray(0, 20)],
    ['not protobuf', Buffer.from('no protobuf at all')],
  ])('%s', async (_name, body) => {
    const running = await startReceiver(grpcOnly());
    const error = await failure(send(connect(running), body));
    expect([error.code, retryDelayOf(error)]).toEqual([status.INVALID_ARGUMENT, undefined]);
    expect(error.details).toContain('malformed protobuf');
    expect(
      await running.settings.metrics.value('hids_otlp_failed_requests', { transport: 'grpc', reason: 'malformed' }),
    ).toBe(1);
  });

  test.each([
    ['a message over the limit', {}, Buffer.alloc(2_000_000)],
    ['a bomb', { 'grpc.default_compression_algorithm': GZIP }, Buffer.alloc(20_000_000)],
  ])('%s', async (_name, options, body) => {
    const running = await startReceiver(grpcOnly({ max_recv_msg_size_mib: 1 }));
    const client = connect(running, options);
    const error = await failure(send(client, body));
    // Without RetryInfo, since the same message can never succeed.
    expect([error.code, retryDelayOf(error)]).toEqual([status.RESOURCE_EXHAUSTED, undefined]);
    await send(client, protobufRequest(['one']));
    expect(bodiesOf(running.intake)).toEqual(['one']);
  });

  test('a message that is not what its compression says', async () => {
    const running = await startReceiver(grpcOnly());
    const code = await rawCall(running, { 'grpc-encoding': 'gzip' }, frame(gzipSync('x').subarray(0, 9), 1));
    expect(code).toBe(String(status.INTERNAL));
  });

  test('another service', async () => {
    const running = await startReceiver(grpcOnly());
    const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
    expect((await failure(send(connect(running), new Uint8Array(), { path }))).code).toBe(status.UNIMPLEMENTED);
  });

  test.each([
    ['a full queue', new RefusedError('queue full', 2500), status.UNAVAILABLE, 2500, 'queue full'],
    ['data that can never succeed', new PermanentError('no host'), status.INVALID_ARGUMENT, undefined, 'no host'],
    [
      'a failure',
      new Error('at /secret'),
      status.UNAVAILABLE,
      5000,
      'the records could not be stored; send them again',
    ],
  ])('%s', async (_name, error, code, retryDelay, details) => {
    const running = await startReceiver(grpcOnly());
    running.intake.fail = () => {
      throw error;
    };
    const client = connect(running);
    const found = await failure(send(client, protobufRequest(['one'])));
    expect([found.code, retryDelayOf(found), found.details]).toEqual([code, retryDelay, details]);
    running.intake.fail = undefined;
    await send(client, protobufRequest(['one']));
    expect(bodiesOf(running.intake)).toEqual(['one']);
  });

  test('calls beyond the limit are refused until later', async () => {
    const running = await startReceiver({ ...grpcOnly(), max_in_flight_requests: 1 });
    const held = gate();
    running.intake.fail = () => held.promise;
    const client = connect(running);
    const first = send(client, protobufRequest(['one']));
    await until(() => running.intake.inFlight === 1);
    const error = await failure(send(client, protobufRequest(['two'])));
    expect([error.code, retryDelayOf(error)]).toEqual([status.UNAVAILABLE, 1000]);
    held.open();
    await first;
  });
});

describe('hostile clients', () => {
  test('connections over the limit are closed, and those that call nothing after a while', async () => {
    const running = await startReceiver(grpcOnly({ max_connections: 3 }));
    // They neither read nor close.
    for (let index = 0; index < 10; index++) {
      const socket = connectSocket(running.receiver.ports.grpc as number, '127.0.0.1').on('error', () => {});
      onTestFinished(() => void socket.destroy());
    }
    const turnedAway = () =>
      running.settings.metrics.value('hids_otlp_failed_requests', { reason: 'too_many_connections' });
    await expect.poll(turnedAway).toBe(7);
    await running.settings.clock.advance(10 * 60_000);
    const client = connect(running, { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 200 });
    await expect.poll(() => send(client, protobufRequest(['one'])).then(String, String), { timeout: 10_000 }).toBe('');
    expect(bodiesOf(running.intake)).toEqual(['one']);
  });

  test('a connection is not closed while a call of it is answered', async () => {
    const running = await startReceiver(grpcOnly());
    const held = gate();
    running.intake.fail = () => held.promise;
    const reply = send(connect(running), protobufRequest(['one']));
    await until(() => running.intake.inFlight === 1);
    await running.settings.clock.advance(20 * 60_000);
    held.open();
    await reply;
  });

  test('a message that does not arrive is not waited for', async () => {
    const running = await startReceiver(grpcOnly({ read_timeout: '5s' }));
    const inFlight = inFlightOf(running);
    const code = rawCall(running, {}, frame(Buffer.alloc(100), 0).subarray(0, 20), false);
    await until(() => inFlight.requests === 1);
    await running.settings.clock.advance(5000);
    expect(await code).toBe(String(status.DEADLINE_EXCEEDED));
    await until(() => inFlight.requests === 0 && inFlight.bytes === 0);
  });

  test('a client that goes away gives its place free, but not before its records are dealt with', async () => {
    const running = await startReceiver(grpcOnly());
    const inFlight = inFlightOf(running);
    const held = gate();
    running.intake.fail = () => held.promise;
    const gone = connectHttp2(`http://127.0.0.1:${running.receiver.ports.grpc}`);
    openCall(gone).end(frame(protobufRequest(['one']), 0));
    await until(() => running.intake.inFlight === 1);
    gone.destroy();
    const session = connectHttp2(`http://127.0.0.1:${running.receiver.ports.grpc}`);
    openCall(session);
    await until(() => inFlight.requests === 2);
    session.destroy();
    await until(() => inFlight.requests === 1);
    held.open();
    await until(() => inFlight.requests === 0 && inFlight.bytes === 0);
    expect(bodiesOf(running.intake)).toEqual(['one']);
  });
});

describe('shutdown', () => {
  test('lets a call in flight end', async () => {
    const running = await startReceiver(grpcOnly());
    const held = gate();
    running.intake.fail = () => held.promise;
    const reply = send(connect(running), protobufRequest(['one']));
    await until(() => running.intake.inFlight === 1);
    const stopped = running.receiver.shutdown();
    held.open();
    await reply;
    await stopped;
    expect(bodiesOf(running.intake)).toEqual(['one']);
  });

  test('does not wait longer than its limit', async () => {
    const running = await startReceiver({ ...grpcOnly(), shutdown_timeout: '3s' });
    const held = gate();
    running.intake.fail = () => held.promise;
    const lost = failure(send(connect(running), protobufRequest(['one'])));
    await until(() => running.intake.inFlight === 1);
    const stopped = running.receiver.shutdown();
    await running.settings.clock.advance(3000);
    await stopped;
    // Both mean to a client that it should send the records again.
    expect([status.CANCELLED, status.UNAVAILABLE]).toContain((await lost).code);
    held.open();
  });
});

function inFlightOf({ receiver }: RunningReceiver): { requests: number; bytes: number } {
  return (receiver as unknown as { inFlight: { requests: number; bytes: number } }).inFlight;
}

/** One length-prefixed message of gRPC. */
function frame(message: Uint8Array, compressed: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function openCall(session: ClientHttp2Session, headers: object = {}): ClientHttp2Stream {
  const own = { ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers' };
  return session.request({ ...own, ...headers }).on('error', () => {});
}

/** A call below the client library; resolves with the value of `grpc-status`. */
function rawCall({ receiver }: RunningReceiver, headers: object, body: Uint8Array, end = true): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${receiver.ports.grpc}`);
  onTestFinished(() => session.destroy());
  const stream = openCall(session, headers);
  return new Promise((resolve, reject) => {
    const take = (found: Record<string, unknown>) => {
      if (found['grpc-status'] !== undefined) resolve(String(found['grpc-status']));
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('error', reject);
    stream.resume();
    if (end) stream.end(body);
    else stream.write(body);
  });
}
