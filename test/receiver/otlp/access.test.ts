import { copyFileSync, readFileSync } from 'node:fs';
import { request as sendHttps } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BasicAuthExtension } from '../../../src/extension/basicauth/extension.ts';
import { basicAuthFactory } from '../../../src/extension/basicauth/factory.ts';
import { bearerTokenAuthFactory } from '../../../src/extension/bearertokenauth/factory.ts';
import { otlpReceiverFactory } from '../../../src/receiver/otlp/factory.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';
import { bodiesOf } from './bodies.ts';
import { grpcOnly, httpOnly, post, protobufRequest, type RunningReceiver, startReceiver } from './setup.ts';

const DIR = join(import.meta.dirname, '../../fixtures/tls');
const pem = (name: string) => readFileSync(join(DIR, `${name}.pem`));
const CA = pem('ca.cert');
const SERVER_TLS = { cert_file: join(DIR, 'server.cert.pem'), key_file: join(DIR, 'server.key.pem') };
const MUTUAL_TLS = { ...SERVER_TLS, client_ca_file: join(DIR, 'ca.cert.pem') };
const CLIENT = { cert: pem('client.cert'), key: pem('client.key') };
const OTHER_CLIENT = { cert: pem('other-client.cert'), key: pem('other-client.key') };
const PATH = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';

describe('TLS over HTTP', () => {
  test('serves with its certificate and takes no plain text', async () => {
    const running = await startReceiver(httpOnly({ tls: SERVER_TLS }));
    expect(await postTls(running, { ca: CA })).toBe(200);
    await expect(postTls(running, {})).rejects.toThrow(/certificate/);
    await expect(post(running, { body: protobufRequest(['plain']) })).rejects.toThrow();
    expect(bodiesOf(running.intake)).toEqual(['over tls']);
  });

  test('with client_ca_file only clients with a certificate of it get in', async () => {
    const running = await startReceiver(httpOnly({ tls: MUTUAL_TLS }));
    expect(await postTls(running, { ca: CA, ...CLIENT })).toBe(200);
    await expect(postTls(running, { ca: CA })).rejects.toThrow();
    await expect(postTls(running, { ca: CA, ...OTHER_CLIENT })).rejects.toThrow();
    expect(running.intake.recordCount).toBe(1);
  });

  test('a renewed certificate is served without a restart, a broken one is not', async () => {
    const { dir, tls } = ownCertificate();
    const running = await startReceiver(httpOnly({ tls: { ...tls, reload_interval: '1m' } }));
    expect(await servedName(running.receiver.ports.http!)).toBe('server');
    install('renewed-server', dir);
    await running.settings.clock.advance(60_000);
    expect(await servedName(running.receiver.ports.http!)).toBe('renewed-server');
    copyFileSync(join(DIR, 'server.cert.pem'), tls.cert_file);
    await running.settings.clock.advance(60_000);
    expect(await servedName(running.receiver.ports.http!)).toBe('renewed-server');
    expect(running.settings.logger.entries.at(-1)?.level).toBe('warn');
  });

  test('a connection that never shakes hands does not hold up the shutdown', async () => {
    const running = await startReceiver(httpOnly({ tls: SERVER_TLS }));
    const socket = connectTcp(running.receiver.ports.http!, '127.0.0.1');
    socket.on('error', () => {});
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await running.receiver.shutdown();
    await closed;
  });
});

describe('TLS over gRPC', () => {
  test('serves with its certificate; with client_ca_file to known clients only', async () => {
    const running = await startReceiver(grpcOnly({ tls: MUTUAL_TLS }));
    await call(running, credentials.createSsl(CA, CLIENT.key, CLIENT.cert));
    await expect(call(running, credentials.createSsl(CA))).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await expect(call(running, credentials.createSsl(CA, OTHER_CLIENT.key, OTHER_CLIENT.cert))).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
    await expect(call(running, credentials.createInsecure())).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(running.intake.recordCount).toBe(1);
  });

  test('a connection without a handshake does not hold up a shutdown', async () => {
    const running = await startReceiver(grpcOnly({ tls: SERVER_TLS }));
    const socket = connectTcp(running.receiver.ports.grpc as number, '127.0.0.1').on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('connect', resolve));
    const stopped = running.receiver.shutdown();
    await running.settings.clock.advance(60_000);
    await stopped;
    await closed;
  });

  test('a renewed certificate is served without a restart', async () => {
    const { dir, tls } = ownCertificate();
    const running = await startReceiver(grpcOnly({ tls: { ...tls, reload_interval: '1m' } }));
    expect(await servedName(running.receiver.ports.grpc!)).toBe('server');
    install('renewed-server', dir);
    await running.settings.clock.advance(60_000);
    expect(await servedName(running.receiver.ports.grpc!)).toBe('renewed-server');
    await call(running, credentials.createSsl(CA));
  });
});

describe('authentication', () => {
  const settings = createTestSettings();
  const bearertokenauth = bearerTokenAuthFactory.create(
    settings,
    bearerTokenAuthFactory.schema.parse({ token: 'abc' }),
  );
  const basicauth = basicAuthFactory.create(
    settings,
    basicAuthFactory.schema.parse({ htpasswd: { inline: 'ann:pw' } }),
  );
  const extensions = { bearertokenauth, basicauth };

  test.each([
    ['bearertokenauth', 'Bearer abc', 'Bearer'],
    ['basicauth', `Basic ${Buffer.from('ann:pw').toString('base64')}`, 'Basic realm="otel-hids", charset="UTF-8"'],
  ])('%s over HTTP', async (authenticator, authorization, challenge) => {
    if (basicauth instanceof BasicAuthExtension) await basicauth.start();
    const running = await startReceiver(httpOnly({ auth: { authenticator } }), { extensions });
    expect((await post(running, { body: protobufRequest(['one']), headers: { authorization } })).status).toBe(200);
    for (const headers of [{}, { authorization: `${authorization}x` }]) {
      const reply = await post(running, { body: protobufRequest(['two']), headers });
      expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, challenge]);
    }
    expect(bodiesOf(running.intake)).toEqual(['one']);
    expect(await running.settings.metrics.value('hids_otlp_failed_requests', { reason: 'unauthenticated' })).toBe(2);
    expect(JSON.stringify(running.settings.logger.entries)).not.toContain(authorization);
  });

  test('over gRPC, before the message is read', async () => {
    const running = await startReceiver(grpcOnly({ auth: { authenticator: 'bearertokenauth' } }), { extensions });
    const metadata = new Metadata();
    await expect(call(running, credentials.createInsecure(), metadata)).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
    });
    metadata.set('authorization', 'Bearer wrong');
    await expect(call(running, credentials.createInsecure(), metadata)).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
    });
    expect(running.intake.recordCount).toBe(0);
    metadata.set('authorization', 'Bearer abc');
    await call(running, credentials.createInsecure(), metadata);
    expect(running.intake.recordCount).toBe(1);
  });

  test.each([
    ['is missing', {}, /"bearertokenauth" is not among service.extensions/],
    [
      'is something else',
      { bearertokenauth: { start: async () => {}, shutdown: async () => {} } },
      /cannot check who sends/,
    ],
  ])('an authenticator that %s stops the start', async (_name, found, reason) => {
    await expect(
      startReceiver(httpOnly({ auth: { authenticator: 'bearertokenauth' } }), { extensions: found }),
    ).rejects.toThrow(reason);
  });
});

describe('an address that others reach', () => {
  const open = { endpoint: '0.0.0.0:0' };
  test.each([
    ['http', { http: open }, 'protocols.http.endpoint'],
    ['grpc', { grpc: { endpoint: '[::]:0' } }, 'protocols.grpc.endpoint'],
    ['no host', { http: { endpoint: ':0' } }, 'protocols.http.endpoint'],
    ['a name', { http: { endpoint: 'example.org:0' } }, 'protocols.http.endpoint'],
    ['TLS without client certificates', { http: { ...open, tls: SERVER_TLS } }, 'protocols.http.endpoint'],
  ])('needs authentication: %s', async (_name, protocols, path) => {
    const config = otlpReceiverFactory.schema.parse({ protocols });
    expect(otlpReceiverFactory.validate!(config)).toEqual([expect.stringMatching(path)]);
    const receiver = otlpReceiverFactory.create(createTestSettings(), config, { consume: async () => {} });
    await expect(receiver.start(createTestHost())).rejects.toThrow(/allow_unauthenticated/);
    await receiver.shutdown();
  });

  test.each([
    ['said so in words', { http: { ...open, allow_unauthenticated: true } }],
    ['an authenticator', { http: { ...open, auth: { authenticator: 'bearertokenauth' } } }],
    ['client certificates', { grpc: { ...open, tls: MUTUAL_TLS } }],
    ['loopback', { http: { endpoint: '127.8.9.1:0' }, grpc: { endpoint: '[::1]:0' } }],
    ['localhost', { http: { endpoint: 'localhost:0' } }],
  ])('is fine with: %s', (_name, protocols) => {
    const config = otlpReceiverFactory.schema.parse({ protocols });
    expect(otlpReceiverFactory.validate!(config)).toEqual([]);
  });

  test('a certificate that cannot be read stops the start and nothing stays open', async () => {
    const tls = { ...SERVER_TLS, key_file: 'does/not/exist' };
    const protocols = { http: { endpoint: '127.0.0.1:0' }, grpc: { endpoint: '127.0.0.1:0', tls } };
    await expect(startReceiver({ protocols })).rejects.toThrow(/key_file does\/not\/exist/);
    const mismatch = { ...SERVER_TLS, key_file: join(DIR, 'client.key.pem') };
    await expect(startReceiver(httpOnly({ tls: mismatch }))).rejects.toThrow(/certificate, key or authority/);
  });

  test('a port that is taken stops the start with its address', async () => {
    const running = await startReceiver(httpOnly());
    const endpoint = `127.0.0.1:${running.receiver.ports.http}`;
    await expect(startReceiver(httpOnly({ endpoint }))).rejects.toThrow(/EADDRINUSE/);
    await expect(startReceiver(grpcOnly({ endpoint }))).rejects.toThrow(/EADDRINUSE/);
  });
});

function postTls({ receiver }: RunningReceiver, tls: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = sendHttps(
      {
        host: '127.0.0.1',
        port: receiver.ports.http!,
        method: 'POST',
        path: '/v1/logs',
        agent: false,
        headers: { 'content-type': 'application/x-protobuf' },
        ...tls,
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode!));
      },
    );
    request.on('error', reject);
    request.end(protobufRequest(['over tls']));
  });
}

function call(
  { receiver }: RunningReceiver,
  channel: ReturnType<typeof credentials.createInsecure>,
  metadata = new Metadata(),
) {
  const client = new Client(`127.0.0.1:${receiver.ports.grpc}`, channel, {
    'grpc.ssl_target_name_override': 'localhost',
  });
  onTestFinished(() => client.close());
  return new Promise<void>((resolve, reject) => {
    const bytes = (buffer: Buffer) => buffer;
    const body = Buffer.from(protobufRequest(['over grpc']));
    client.makeUnaryRequest(PATH, bytes, bytes, body, metadata, (error) => (error ? reject(error) : resolve()));
  });
}

/** The common name of the certificate that a port serves. */
function servedName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls(
      { host: '127.0.0.1', port, servername: 'localhost', ca: CA, ALPNProtocols: ['h2', 'http/1.1'] },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
}

function ownCertificate() {
  const dir = createTempDir();
  install('server', dir);
  return { dir, tls: { cert_file: join(dir, 'cert.pem'), key_file: join(dir, 'key.pem') } };
}

function install(name: string, dir: string): void {
  for (const kind of ['cert', 'key']) copyFileSync(join(DIR, `${name}.${kind}.pem`), join(dir, `${kind}.pem`));
}
