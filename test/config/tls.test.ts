import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientTlsSchema, loadClientTls, loadServerTls, serverTlsSchema } from '../../src/config/tls.ts';
import { createTempDir } from '../support/temp-dir.ts';

const DIR = join(import.meta.dirname, '../fixtures/tls');
const PAIR = { cert_file: 'server.cert.pem', key_file: 'server.key.pem' };
const server = (config: object) => loadServerTls(serverTlsSchema.parse(config), DIR);
const client = (config: object) => loadClientTls(clientTlsSchema.parse(config), DIR);

test('relative paths start at the folder of the configuration', () => {
  expect(server(PAIR)).toMatchObject({ requestCert: false, minVersion: 'TLSv1.2' });
  expect(server({ ...PAIR, client_ca_file: 'ca.cert.pem', min_version: '1.3' })).toMatchObject({
    requestCert: true,
    minVersion: 'TLSv1.3',
    ca: expect.any(Buffer),
  });
});

test('a client verifies unless told not to', () => {
  expect(client({})).toEqual({ minVersion: 'TLSv1.2', rejectUnauthorized: true });
  expect(
    client({ ...PAIR, ca_file: 'ca.cert.pem', insecure_skip_verify: true, server_name_override: 'a' }),
  ).toMatchObject({
    rejectUnauthorized: false,
    servername: 'a',
    ca: expect.any(Buffer),
    cert: expect.any(Buffer),
  });
});

test.each([
  ['a file that is not there', { ...PAIR, cert_file: 'none.pem' }, /cert_file none\.pem cannot be read/],
  ['a key of another certificate', { ...PAIR, key_file: 'client.key.pem' }, /cannot be used/],
  [
    'an authority that is not there',
    { ...PAIR, client_ca_file: 'none.pem' },
    /client_ca_file none\.pem cannot be read/,
  ],
])('%s is an error that says so', (_name, config, message) => {
  expect(() => server(config)).toThrow(message);
});

test('what is no certificate, and half a pair, are errors', () => {
  const dir = createTempDir();
  writeFileSync(join(dir, 'text.pem'), 'no certificate');
  expect(() => server({ cert_file: join(dir, 'text.pem'), key_file: 'server.key.pem' })).toThrow(/cannot be used/);
  expect(() => client({ cert_file: 'client.cert.pem' })).toThrow(/belong together/);
});
