import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { openDatabase } from '../../../src/storage/sqlite/database.ts';
import { GroupCommit } from '../../../src/storage/sqlite/group-commit.ts';
import { packCommit } from '../../../src/storage/sqlite/packed-changes.ts';
import { createTempDir } from '../../support/temp-dir.ts';

const commitOf = (key: string, size = 1) =>
  packCommit([{ op: 'put', namespace: 'n', key, value: Buffer.alloc(size, key) }]);

it('tells its callers that the writing thread ended, and starts another one', async () => {
  const path = join(createTempDir(), 'state.db');
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE mine (x)');
  other.close();
  const group = new GroupCommit(path);
  const faults = await Promise.all([group.commit(commitOf('a')), group.commit(commitOf('b'))]);
  for (const fault of faults) {
    expect(fault?.message).toMatch(/^the writing thread ended: .*database of another program/);
    expect(fault?.corrupt).toBe(false);
  }
  rmSync(path);
  openDatabase(path).close();
  expect(await group.commit(commitOf('c'))).toBeNull();
  await group.close();
  const db = openDatabase(path);
  expect(db.prepare('SELECT key FROM state').all()).toEqual([{ key: 'c' }]);
  db.close();
});

it('knows what was stored by a thread that ended before it could say so', async () => {
  const path = join(createTempDir(), 'state.db');
  const group = new GroupCommit(path, new URL('./mute-writer-thread.ts', import.meta.url));
  const faults = await Promise.all([group.commit(commitOf('a')), group.commit(commitOf('b'))]);
  expect(faults).toEqual([null, null]);
  await group.close();
  const db = openDatabase(path);
  expect(db.prepare('SELECT key FROM state').all()).toEqual([{ key: 'a' }, { key: 'b' }]);
  db.close();
});

it('bounds the bytes of a transaction', async () => {
  const path = join(createTempDir(), 'state.db');
  const group = new GroupCommit(path);
  const commits = Array.from({ length: 6 }, (_, index) => group.commit(commitOf(`k${index}`, 6 * 1024 * 1024)));
  expect(await Promise.all(commits)).toEqual(commits.map(() => null));
  // Two of 6 MB each fit into 16 MB, three do not.
  expect(group.groups).toBe(3);
  await group.drain();
  await group.close();
});

it('is closed without ever having written', async () => {
  const group = new GroupCommit(join(createTempDir(), 'state.db'));
  await group.drain();
  await group.close();
});
