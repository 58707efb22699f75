import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ClientAuthenticator } from '../../../src/component/authenticator.ts';
import { createTempDir } from '../../support/temp-dir.ts';
import { Backend } from './backend.ts';
import { type ConfigInput, logs, type StartOptions, start } from './harness.ts';

const FILES = new URL('../../fixtures/tls/', import.meta.url).pathname;
const read = (name: string) => readFileSync(join(FILES, `${name}.pem`));

async function startSecure(
  config: (url: string) => ConfigInput,
  options: StartOptions & { clientCa?: boolean; name?: string } = {},
) {
  const name = options.name ?? 'server';
  const backend = await Backend.start([], {
    cert: read(`${name}.cert`),
    key: read(`${name}.key`),
    ...(options.clientCa && { ca: read('ca.cert'), requestCert: true, rejectUnauthorized: true }),
  });
  const started = await start(config(`https://127.0.0.1:${backend.port}`), { baseDir: FILES, ...options });
  await started.consume(logs(['a']));
  return { backend, ...started };
}

describe('otlp_http over TLS', () => {
  it('trusts the given authority', async () => {
    const { backend, delivered } = await startSecure((endpoint) => ({ endpoint, tls: { ca_file: 'ca.cert.pem' } }));
    await delivered();
    expect(backend.acceptedTexts).toEqual(['a']);
  });

  it('shows its own certificate', async () => {
    const tls = { ca_file: 'ca.cert.pem', cert_file: 'client.cert.pem', key_file: 'client.key.pem' };
    const { backend, delivered } = await startSecure((endpoint) => ({ endpoint, tls }), { clientCa: true });
    await delivered();
    expect(backend.acceptedTexts).toEqual(['a']);
  });

  it.each<[string, ConfigInput['tls']]>([
    ['an unknown authority', {}],
    ['another name', { ca_file: 'ca.cert.pem', server_name_override: 'elsewhere.example' }],
  ])('tells of %s, and keeps everything', async (_name, tls) => {
    const { backend, until, host, store } = await startSecure((endpoint) => ({ endpoint, tls }));
    await until(() => host.statuses.get('otlp_http')?.state === 'permanent_error');
    expect(backend.received).toEqual([]);
    expect(store.queueSize('otlp_http').items).toBe(1);
  });

  it('looks away where told so', async () => {
    const { backend, delivered } = await startSecure((endpoint) => ({ endpoint, tls: { insecure_skip_verify: true } }));
    await delivered();
    expect(backend.acceptedTexts).toEqual(['a']);
  });

  it('reads changed files again', async () => {
    const folder = createTempDir();
    cpSync(join(FILES, 'client.cert.pem'), join(folder, 'ca.pem'));
    const { backend, delivered, until, host, settings } = await startSecure(
      (endpoint) => ({ endpoint, tls: { ca_file: 'ca.pem', reload_interval: '10s' } }),
      { baseDir: folder },
    );
    await until(() => host.statuses.get('otlp_http')?.state === 'permanent_error');
    cpSync(join(FILES, 'ca.cert.pem'), join(folder, 'ca.pem'));
    await delivered(5000);
    expect(backend.acceptedTexts).toEqual(['a']);
    expect(settings.logger.entries.map((entry) => entry.message)).toContain('tls files read again');
  });

  it.each<[ConfigInput, string]>([
    [{ tls: { ca_file: 'missing.pem' } }, 'missing.pem'],
    [{ tls: { ca_file: 'ca.cert.pem', cert_file: 'client.cert.pem', key_file: 'server.key.pem' } }, 'tls'],
  ])('does not start with %j', async (config, message) => {
    await expect(start({ endpoint: 'https://127.0.0.1:1', ...config }, { baseDir: FILES })).rejects.toThrow(message);
  });
});

describe('otlp_http with an authenticator', () => {
  const extension = (clientHeaders: ClientAuthenticator['clientHeaders']) => ({
    start: async () => {},
    shutdown: async () => {},
    clientHeaders,
  });

  it('asks it for every request', async () => {
    const tokens = ['one', 'two'];
    const backend = await Backend.start();
    const { consume, delivered } = await start(
      { endpoint: backend.endpoint, auth: { authenticator: 'bearertokenauth' } },
      { extensions: { bearertokenauth: extension(async () => ({ Authorization: `Bearer ${tokens.shift()}` })) } },
    );
    for (const text of ['a', 'b']) {
      await consume(logs([text]));
      await delivered();
    }
    expect(backend.accepted.map((request) => request.headers.authorization)).toEqual(['Bearer one', 'Bearer two']);
  });

  it('waits while it has no credentials, and keeps them out of errors', async () => {
    const backend = await Backend.start();
    let failures = 2;
    const { consume, delivered, host, until, settings } = await start(
      { endpoint: backend.endpoint, auth: { authenticator: 'oauth' } },
      {
        extensions: {
          oauth: extension(async () => {
            if (failures-- > 0) throw new Error('token endpoint down');
            return { authorization: 'Bearer s3cret' };
          }),
        },
      },
    );
    await consume(logs(['a']));
    await until(() => host.statuses.get('otlp_http')?.reason?.includes('token endpoint down') === true);
    await delivered(1000);
    expect(backend.acceptedTexts).toEqual(['a']);
    expect(JSON.stringify(settings.logger.entries)).not.toContain('s3cret');
  });

  it.each([
    ['missing', 'no extension missing'],
    ['health', 'health gives clients no credentials'],
  ])('does not start where it is %s', async (authenticator, message) => {
    const { clientHeaders: _, ...health } = extension(async () => ({}));
    await expect(
      start({ endpoint: 'http://127.0.0.1:1', auth: { authenticator } }, { extensions: { health } }),
    ).rejects.toThrow(message);
  });
});
