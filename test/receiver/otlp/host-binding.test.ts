import { readFileSync } from 'node:fs';
import { request as sendHttps } from 'node:https';
import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { namesHost } from '../../../src/config/host-names.ts';
import { basicAuthFactory } from '../../../src/extension/basicauth/factory.ts';
import { bearerTokenAuthFactory } from '../../../src/extension/bearertokenauth/factory.ts';
import { encodeLogsRequest } from '../../../src/otlp/encode.ts';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import { hostsOfCertificate } from '../../../src/receiver/otlp/host-binding.ts';
import { createBatch } from '../../support/batches.ts';
import { createTestSettings } from '../../support/settings.ts';
import { bodiesOf } from './bodies.ts';
import { grpcOnly, httpOnly, parseConfig, post, type RunningReceiver, startReceiver, uidRequest } from './setup.ts';

const DIR = join(import.meta.dirname, '../../fixtures/tls');
const pem = (name: string) => readFileSync(join(DIR, `${name}.pem`));
const MUTUAL_TLS = {
  cert_file: join(DIR, 'server.cert.pem'),
  key_file: join(DIR, 'server.key.pem'),
  client_ca_file: join(DIR, 'ca.cert.pem'),
};
const CLIENT = { ca: pem('ca.cert'), cert: pem('client.cert'), key: pem('client.key') };

/** A request with one record of each host; undefined sends none. */
function requestOf(hosts: readonly (AnyValue | undefined)[], more: Record<string, AnyValue> = {}): Uint8Array {
  const logs = hosts.flatMap((host, index) => {
    const attributes = new Map(Object.entries(more));
    if (host !== undefined) attributes.set('host.name', host);
    return createBatch([`of ${index}`], { resource: { attributes } }).logs;
  });
  return encodeLogsRequest({ logs });
}

async function startWithTokens(config: Record<string, unknown>): Promise<RunningReceiver> {
  const bearertokenauth = bearerTokenAuthFactory.create(
    createTestSettings({ id: 'bearertokenauth' }),
    bearerTokenAuthFactory.schema.parse(config),
  );
  return startReceiver(httpOnly({ auth: { authenticator: 'bearertokenauth' } }), { extensions: { bearertokenauth } });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/x-protobuf' });

/** What the reply says of records that were not taken. */
function rejectedOf(body: Buffer): { message: string } {
  return { message: body.toString('latin1') };
}

describe('a token bound to hosts', () => {
  const tokens = { tokens: ['free', { token: 'bound', hosts: ['web01', '*.web.example.com'] }] };

  test('lets its holder speak for these only, and tells it so', async () => {
    const running = await startWithTokens(tokens);
    const hosts = [
      'web01',
      'WEB01',
      'a.web.example.com',
      'db01',
      'a.b.web.example.com',
      'web.example.com',
      '',
      undefined,
    ];
    const reply = await post(running, { body: requestOf([...hosts, 7n]), headers: bearer('bound') });
    expect(reply.status).toBe(200);
    expect(rejectedOf(reply.body).message).toContain(
      '6 records name no host, or one that this sender may not speak for',
    );
    expect(bodiesOf(running.intake)).toEqual(['of 0', 'of 1', 'of 2']);
    expect(await running.settings.metrics.value('hids_otlp_rejected_log_records', { reason: 'host' })).toBe(6);
    expect(running.settings.logger.entries.at(-1)?.message).toContain('may not speak for');
    expect(JSON.stringify(running.settings.logger.entries)).not.toContain('bound"');
  });

  test('says nothing about other tokens', async () => {
    const running = await startWithTokens(tokens);
    await post(running, { body: requestOf(['db01', undefined]), headers: bearer('free') });
    expect(bodiesOf(running.intake)).toEqual(['of 0', 'of 1']);
    const [{ resource }] = running.intake.batches[0].logs;
    expect(resource.attributes.get('host.name')).toBe('db01');
  });

  test('does not let its holder pass for another host by its id', async () => {
    const running = await startWithTokens(tokens);
    await post(running, { body: requestOf(['web01'], { 'host.id': 'of-db01' }), headers: bearer('bound') });
    const { attributes } = running.intake.batches[0].logs[0].resource;
    expect(Object.fromEntries(attributes)).toEqual({ 'host.name': 'web01', 'hids.claimed.host.id': 'of-db01' });
  });

  test('does not let its holder make us drop what another one sends', async () => {
    const running = await startWithTokens({
      tokens: [
        { token: 'one', hosts: ['web01'] },
        { token: 'two', hosts: ['web02'] },
      ],
    });
    const request = requestOf(['web01', 'web02']);
    await post(running, { body: request, headers: bearer('one') });
    await post(running, { body: uidRequest(['guessed'], { 'host.name': 'web01' }), headers: bearer('one') });
    await post(running, { body: request, headers: bearer('two') });
    await post(running, { body: uidRequest(['guessed'], { 'host.name': 'web02' }), headers: bearer('two') });
    await post(running, { body: request, headers: bearer('two') });
    await post(running, { body: uidRequest(['guessed', 'x'], { 'host.name': 'web02' }), headers: bearer('two') });
    expect(bodiesOf(running.intake)).toEqual(['of 0', 'guessed', 'of 1', 'guessed', 'x']);
  });

  test('over gRPC too', async () => {
    const bearertokenauth = bearerTokenAuthFactory.create(
      createTestSettings(),
      bearerTokenAuthFactory.schema.parse(tokens),
    );
    const config = grpcOnly({ auth: { authenticator: 'bearertokenauth' } });
    const running = await startReceiver(config, { extensions: { bearertokenauth } });
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer bound');
    const reply = await call(running, credentials.createInsecure(), requestOf(['web01', 'db01']), metadata);
    expect(reply.toString('latin1')).toContain('1 records name no host');
    expect(bodiesOf(running.intake)).toEqual(['of 0']);
  });
});

test('a user bound to hosts speaks for these only', async () => {
  const basicauth = basicAuthFactory.create(
    createTestSettings({ id: 'basicauth' }),
    basicAuthFactory.schema.parse({ htpasswd: { inline: 'ann:pw\nbob:pw' }, hosts: { ann: ['web01'] } }),
  );
  await basicauth.start({} as never);
  const running = await startReceiver(httpOnly({ auth: { authenticator: 'basicauth' } }), {
    extensions: { basicauth },
  });
  const as = (user: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:pw`).toString('base64')}`,
    'content-type': 'application/x-protobuf',
  });
  // Twice: the second time the credential is remembered.
  for (let time = 0; time < 2; time++) {
    await post(running, { body: requestOf(['web01', 'db01'], { time: BigInt(time) }), headers: as('ann') });
  }
  await post(running, { body: requestOf(['db01']), headers: as('bob') });
  expect(bodiesOf(running.intake)).toEqual(['of 0', 'of 0', 'of 0']);
});

describe('bind_hosts: certificate', () => {
  test('lets a client speak for the hosts its certificate names, over HTTP', async () => {
    const running = await startReceiver(httpOnly({ tls: MUTUAL_TLS, bind_hosts: 'certificate' }));
    expect(await postTls(running, requestOf(['client', 'db01']))).toContain('1 records name no host');
    expect(bodiesOf(running.intake)).toEqual(['of 0']);
  });

  test('and over gRPC', async () => {
    const running = await startReceiver(grpcOnly({ tls: MUTUAL_TLS, bind_hosts: 'certificate' }));
    const channel = credentials.createSsl(CLIENT.ca, CLIENT.key, CLIENT.cert);
    const reply = await call(running, channel, requestOf(['db01', 'client']), new Metadata());
    expect(reply.toString('latin1')).toContain('1 records name no host');
    expect(bodiesOf(running.intake)).toEqual(['of 1']);
  });

  test('needs client certificates', async () => {
    await expect(startReceiver(httpOnly({ bind_hosts: 'certificate' }))).rejects.toThrow(/needs tls.client_ca_file/);
    expect(() => parseConfig(httpOnly({ bind_hosts: 'header' }))).toThrow();
  });

  test.each([
    [
      'DNS names',
      { subjectaltname: 'DNS:web01, IP Address:10.0.0.1, DNS:*.example.com', subject: { CN: 'x' } },
      ['web01', '*.example.com'],
    ],
    [
      'the common name where there are none',
      { subjectaltname: 'IP Address:10.0.0.1', subject: { CN: 'web01' } },
      ['web01'],
    ],
    ['nobody', { subject: {} }, []],
    ['nobody without a certificate', undefined, []],
  ])('goes by %s', (_what, certificate, expected) => {
    expect(hostsOfCertificate(certificate as never)).toEqual(expected);
  });
});

test.each([
  [['*'], 'web01', true],
  [['*'], 'web01.example.com', false],
  [['*.example.com'], 'Web01.Example.COM', true],
  [['*.example.com'], 'example.com', false],
  [['web01'], 'web01.example.com', false],
  [['web01.example.com'], 'web01.example.com.', false],
])('%j names %s: %s', (names, host, expected) => {
  expect(namesHost(names, host)).toBe(expected);
});

function postTls({ receiver }: RunningReceiver, body: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const port = receiver.ports.http!;
    const headers = { 'content-type': 'application/x-protobuf' };
    const request = sendHttps(
      { host: '127.0.0.1', port, method: 'POST', path: '/v1/logs', agent: false, headers, ...CLIENT },
      (response) => {
        let text = '';
        response.setEncoding('latin1').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function call(
  { receiver }: RunningReceiver,
  channel: ReturnType<typeof credentials.createInsecure>,
  body: Uint8Array,
  metadata: Metadata,
): Promise<Buffer> {
  const options = { 'grpc.ssl_target_name_override': 'localhost' };
  const client = new Client(`127.0.0.1:${receiver.ports.grpc}`, channel, options);
  onTestFinished(() => client.close());
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
  const bytes = (buffer: Buffer) => buffer;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, bytes, bytes, Buffer.from(body), metadata, (error, reply) =>
      error ? reject(error) : resolve(reply ?? Buffer.alloc(0)),
    );
  });
}
