import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite';
import { Keyv } from 'keyv';
import * as vitest from 'vitest';
import { openStore } from '../../../src/storage/open.ts';
import { SqliteKeyvAdapter } from '../../../src/storage/sqlite/keyv-adapter.ts';
import { SqliteStateStore } from '../../../src/storage/sqlite/store.ts';
import { createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';

const { afterAll, describe, expect, it } = vitest;

describe('the test suite that Keyv publishes for adapters', () => {
  const dir = mkdtempSync(join(tmpdir(), 'otel-hids-keyv-'));
  const adapters: SqliteKeyvAdapter[] = [];
  const createAdapter = () => {
    const adapter = new SqliteKeyvAdapter(join(dir, 'state.db'));
    adapters.push(adapter);
    return adapter;
  };
  afterAll(async () => {
    for (const adapter of adapters) await adapter.disconnect();
    rmSync(dir, { recursive: true });
  });
  keyvTestSuite(vitest, Keyv, createAdapter);
  keyvIteratorTests(vitest, Keyv, createAdapter);
});

describe('sqlite adapter', () => {
  const path = () => join(createTempDir(), 'state.db');

  it('lies beside a store that is in use, and shares nothing with its state', async () => {
    const file = path();
    const store = await openStore(`sqlite://${file}`, createTestSettings());
    const keyv = new Keyv(new SqliteKeyvAdapter(file), { namespace: 'list', throwOnErrors: true });
    const writing = Array.from({ length: 50 }, (_, index) =>
      store.commit([{ op: 'put', namespace: 'list', key: `k${index}`, value: Buffer.from('state') }]),
    );
    for (let index = 0; index < 50; index++) await keyv.set(`k${index}`, `list ${index}`);
    await Promise.all(writing);
    expect(await keyv.get('k7')).toBe('list 7');
    await keyv.clear();
    expect(store.get('list', 'k7')).toBeDefined();
    await keyv.disconnect();
    await store.close();
  });

  it('keeps values over a restart, and lists more than it reads at once', async () => {
    const file = path();
    const first = new Keyv(new SqliteKeyvAdapter(file), { namespace: 'many' });
    const entries = Array.from({ length: 1200 }, (_, index) => ({ key: `key ${index}`, value: index }));
    await first.setMany(entries);
    await first.disconnect();
    const second = new Keyv(new SqliteKeyvAdapter(file), { namespace: 'many' });
    const other = new Keyv(new SqliteKeyvAdapter(file), { namespace: 'many-more' });
    await other.set('key 1', 'not mine');
    const found = new Map<string, number>();
    for await (const [key, value] of second.iterator!(undefined)) found.set(key, value);
    expect(found.size).toBe(1200);
    expect(found.get('key 1')).toBe(1);
    await second.clear();
    expect(await other.get('key 1')).toBe('not mine');
    await second.disconnect();
    await other.disconnect();
  });

  it('forgets what has expired', async () => {
    const adapter = new SqliteKeyvAdapter(path());
    await adapter.setMany([
      { key: 'short', value: 'x', ttl: 1 },
      { key: 'long', value: 'y', ttl: 60_000 },
    ]);
    await expect.poll(() => adapter.has('short')).toBe(false);
    expect(await adapter.hasMany(['short', 'long'])).toEqual([false, true]);
    expect(await adapter.getMany(['short', 'long'])).toEqual([undefined, 'y']);
    await adapter.disconnect();
  });

  it('rejects what Keyv did not serialise', async () => {
    const adapter = new SqliteKeyvAdapter(path());
    await expect(adapter.set('k', { an: 'object' })).rejects.toThrow('serialised');
    expect(await adapter.get('k')).toBeUndefined();
    await adapter.disconnect();
  });

  it('goes over to the fresh file when a damaged store was replaced', async () => {
    const file = path();
    const keyv = new Keyv(new SqliteKeyvAdapter(file), { namespace: 'list', throwOnErrors: true });
    await keyv.set('k', 'old');
    renameSync(file, `${file}.corrupt-x`);
    const store = new SqliteStateStore(file, createTestSettings());
    await keyv.set('k', 'new');
    await keyv.disconnect();
    const again = new Keyv(new SqliteKeyvAdapter(file), { namespace: 'list' });
    expect(await again.get('k')).toBe('new');
    await again.disconnect();
    await store.close();
  });
});
