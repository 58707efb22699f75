import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../../src/storage/sqlite/database.ts';
import { SqliteStateStore } from '../../../src/storage/sqlite/store.ts';
import { describeStateStore } from '../../contract/state-store.ts';
import { createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';

describeStateStore('sqlite', () => {
  const path = join(createTempDir(), 'data', 'state.db');
  return { open: async () => new SqliteStateStore(path, createTestSettings()) };
});

function openStore(path: string) {
  const settings = createTestSettings();
  const store = new SqliteStateStore(path, settings);
  onTestFinished(() => store.close());
  return { store, settings };
}

const put = (key: string, value: Uint8Array = Buffer.from(key)) => ({ op: 'put', namespace: 'n', key, value }) as const;

describe('sqlite store', () => {
  it('creates its files for the owner only', async () => {
    const dir = join(createTempDir(), 'lib', 'otel-hids');
    const path = join(dir, 'state.db');
    const { store } = openStore(path);
    await store.commit([put('k')]);
    expect((statSync(dir).mode & 0o777).toString(8)).toBe('700');
    const files = readdirSync(dir).filter((name) => statSync(join(dir, name)).isFile());
    expect(files).toEqual(expect.arrayContaining(['state.db', 'state.db-wal', 'state.db-shm', 'state.db.lock']));
    for (const name of files)
      expect([name, (statSync(join(dir, name)).mode & 0o777).toString(8)]).toEqual([name, '600']);
  });

  it('takes other people out of an existing file', async () => {
    const path = join(createTempDir(), 'state.db');
    writeFileSync(path, '', { mode: 0o644 });
    openStore(path);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
  });

  it('waits for the disk with every commit', () => {
    const db = openDatabase(join(createTempDir(), 'state.db'));
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    // 2 is FULL: each transaction is synced.
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    db.close();
  });

  it('shares transactions between concurrent commits', async () => {
    const { store } = openStore(join(createTempDir(), 'state.db'));
    await store.commit([put('first')]);
    const before = store.transactions;
    await Promise.all(Array.from({ length: 500 }, (_, index) => store.commit([put(`k${index}`)])));
    expect(store.transactions - before).toBe(1);
    const rounds = Array.from({ length: 20 }, async (_, round) => {
      for (let index = 0; index < 20; index++) await store.commit([put(`r${round}-${index}`)]);
    });
    await Promise.all(rounds);
    expect(store.transactions - before).toBeLessThan(1 + 100);
    expect([...store.entries('n')]).toHaveLength(1 + 500 + 400);
  });

  it('belongs to one process at a time', async () => {
    const path = join(createTempDir(), 'state.db');
    const { store } = openStore(path);
    expect(() => new SqliteStateStore(path, createTestSettings())).toThrow(
      `${path} is in use by another process (process ${process.pid}); stop it or use another store`,
    );
    await store.close();
    openStore(path);
  });

  it('does not touch the database of another program', () => {
    const path = join(createTempDir(), 'other.db');
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE mine (x)');
    other.close();
    expect(() => new SqliteStateStore(path, createTestSettings())).toThrow('SQLite database of another program');
    const again = new DatabaseSync(path);
    expect(again.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'mine' }]);
    again.close();
  });

  it('does not touch the store of a newer version', async () => {
    const path = join(createTempDir(), 'state.db');
    const { store } = openStore(path);
    await store.close();
    const newer = new DatabaseSync(path);
    newer.exec(`PRAGMA user_version = ${0x4f480002}`);
    newer.close();
    expect(() => new SqliteStateStore(path, createTestSettings())).toThrow('written by another version');
    expect(readdirSync(join(path, '..')).filter((name) => name.includes('corrupt'))).toEqual([]);
  });

  it('says that a folder cannot be a store', () => {
    const path = join(createTempDir(), 'state.db');
    mkdirSync(path);
    expect(() => new SqliteStateStore(path, createTestSettings())).toThrow(/EISDIR/);
  });

  it('lets a commit that cannot be written fail alone', async () => {
    const { store } = openStore(join(createTempDir(), 'state.db'));
    const queues = Array.from({ length: 1024 }, (_, index) => ({
      op: 'enqueue' as const,
      queue: `q${index}`,
      payload: Buffer.from('x'),
    }));
    const results = await Promise.allSettled([
      store.commit([put('before')]),
      store.commit([put('with'), ...queues]),
      store.commit([put('after'), { op: 'enqueue', queue: 'q', payload: Buffer.from('x') }]),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(String((results[1] as PromiseRejectedResult).reason)).toContain('StoreWriteError');
    expect(String((results[1] as PromiseRejectedResult).reason)).toContain('more than 1023 queues');
    expect([...store.entries('n')].map(([key]) => key)).toEqual(['after', 'before']);
    expect(store.queueSize('q0')).toEqual({ items: 0, bytes: 0 });
    expect(store.queueSize('q')).toEqual({ items: 1, bytes: 1 });
  });

  it('removes its log and its process id when it is closed', async () => {
    const path = join(createTempDir(), 'state.db');
    const { store } = openStore(path);
    await store.commit([put('k')]);
    expect(existsSync(`${path}.pid`)).toBe(true);
    await store.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(existsSync(`${path}.pid`)).toBe(false);
  });

  it('measures its commits', async () => {
    const { store, settings } = openStore(join(createTempDir(), 'state.db'));
    await store.commit([put('a')]);
    await store.commit([put('b')]);
    expect(await settings.metrics.value('hids_store_commit_duration')).toBe(2);
  });
});
