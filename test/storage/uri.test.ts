import { describe, expect, it } from 'vitest';
import { checkStoreUri, openKeyv, openStore } from '../../src/storage/open.ts';
import { parseStoreUri, redactUri } from '../../src/storage/uri.ts';
import { createTestSettings } from '../support/settings.ts';

describe('parseStoreUri', () => {
  it.each([
    ['memory:', { kind: 'memory' }],
    ['sqlite:///var/lib/otel-hids/state.db', { kind: 'sqlite', path: '/var/lib/otel-hids/state.db' }],
    ['sqlite:///with%20space/%23.db', { kind: 'sqlite', path: '/with space/#.db' }],
    ['redis://user:pa%40ss@host:6380/2', { kind: 'redis', uri: 'redis://user:pa%40ss@host:6380/2' }],
    ['rediss://host', { kind: 'redis', uri: 'rediss://host' }],
    ['valkey://:secret@host', { kind: 'valkey', uri: 'redis://:secret@host' }],
    ['valkeys://host', { kind: 'valkey', uri: 'rediss://host' }],
    [
      'postgresql://u:secret@host/db?sslmode=require',
      { kind: 'postgres', uri: 'postgres://u:secret@host/db?sslmode=require' },
    ],
    ['postgres:///db', { kind: 'postgres', uri: 'postgres:///db' }],
  ])('%s', (uri, location) => {
    const parsed = parseStoreUri(uri);
    expect(parsed).toMatchObject(location);
    expect(parsed.shown).not.toMatch(/secret|pa%40ss|user/);
  });

  it.each([
    ['/var/lib/state.db', 'a file is written sqlite:///var/lib/state.db'],
    ['state.db', 'needs a scheme'],
    ['', 'needs a scheme'],
    ['mysql://user:secret@host', 'unknown scheme mysql://'],
    ['sqlite://state.db', 'three slashes: sqlite:///state.db'],
    ['sqlite://var/state.db', 'three slashes: sqlite:///var/state.db'],
    ['sqlite:state.db', 'with two slashes and the path'],
    ['sqlite:///', 'needs a file'],
    ['sqlite:///folder/', 'needs a file'],
    ['sqlite:///a%zz', 'write it as %25'],
    ['sqlite:///a?mode=ro', 'takes no parameters'],
    ['memory:x', 'takes nothing'],
    ['redis://user:sec#ret@host:99999', 'no valid URI; a password with special characters'],
    ['redis://', 'needs a host'],
    ['postgres://user:secret@host:port/db', 'no valid URI'],
  ])('refuses %s and says what to write, without the secret', (uri, message) => {
    let error: unknown;
    try {
      parseStoreUri(uri);
    } catch (thrown) {
      error = thrown;
    }
    expect(String(error)).toContain(message);
    expect(String(error)).toMatch(/^ConfigError: uri: /);
    expect(`${String(error)} ${(error as Error).stack} ${JSON.stringify(error)}`).not.toMatch(/secret|sec#ret/);
    expect(checkStoreUri(uri, 'ok')).toEqual([expect.stringMatching(/^uri: /)]);
  });
});

it.each([
  ['redis://user:secret@host:6379/1?password=secret', 'redis://host:6379/1'],
  ['nothing secret', '<not a valid URI>'],
  ['redis://a:secret@host:x', 'redis:<not a valid URI>'],
])('redacts %s', (uri, shown) => {
  expect(redactUri(uri)).toBe(shown);
});

it('refuses namespaces that Keyv or Redis would read as something else', async () => {
  for (const namespace of ['', 'a:b', 'a*', 'a b', 'x'.repeat(101)]) {
    await expect(openKeyv('memory:', namespace)).rejects.toThrow('namespace:');
    expect(checkStoreUri('memory:', namespace)).toHaveLength(1);
  }
});

it.each([
  ['redis://user:secret@127.0.0.1:1', 'redis://127.0.0.1:1'],
  ['valkey://user:secret@127.0.0.1:1', 'valkey://127.0.0.1:1'],
  ['postgres://user:secret@127.0.0.1:1/db', 'postgres://127.0.0.1:1/db'],
])('names a server that cannot be reached, without the secret: %s', async (uri, shown) => {
  const settings = createTestSettings();
  const error = await openStore(uri, settings).catch((reason: unknown) => reason);
  expect(String(error)).toMatch(/^StoreWriteError: /);
  expect(String(error)).toContain(`${shown}: cannot connect: connect ECONNREFUSED 127.0.0.1:1`);
  expect(`${String(error)} ${JSON.stringify(settings.logger.entries)}`).not.toContain('secret');
});
