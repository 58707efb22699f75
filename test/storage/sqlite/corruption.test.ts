import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SqliteStateStore } from '../../../src/storage/sqlite/store.ts';
import { createRandom, testSeed } from '../../support/random.ts';
import { createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';

const ROWS = 400;
const value = (index: number) => Buffer.from(`value ${index} `.repeat(20));

/** A closed store with many rows, and where it is. */
async function createFilledStore(): Promise<string> {
  const path = join(createTempDir(), 'state.db');
  const store = new SqliteStateStore(path, createTestSettings());
  for (let index = 0; index < ROWS; index++) {
    await store.commit([
      { op: 'put', namespace: 'n', key: `key ${index}`, value: value(index) },
      { op: 'enqueue', queue: 'q', payload: value(index) },
    ]);
  }
  await store.close();
  return path;
}

function reopen(path: string) {
  const settings = createTestSettings();
  const store = new SqliteStateStore(path, settings);
  onTestFinished(() => store.close());
  return { store, settings };
}

const quarantined = (path: string) =>
  readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.corrupt-`));

async function expectUsable(store: SqliteStateStore): Promise<void> {
  await store.commit([
    { op: 'put', namespace: 'new', key: 'k', value: Buffer.from('x') },
    { op: 'enqueue', queue: 'q', payload: Buffer.from('x') },
    { op: 'enqueue', queue: 'new', payload: Buffer.from('x') },
  ]);
  expect(store.get('new', 'k')).toHaveLength(1);
  expect(store.peek('new', 10)).toHaveLength(store.queueSize('new').items);
  const items = store.peek('q', 10_000);
  // Damaged items are taken out of the queue by a commit of the store's own.
  await store.commit([]);
  expect(store.queueSize('q').items).toBe(items.length);
  expect(store.queueSize('q').bytes).toBe(items.reduce((sum, item) => sum + item.payload.length, 0));
  // What is there is what was written.
  for (const [key, found] of store.entries('n')) {
    expect(Buffer.from(found).toString()).toBe(value(Number(key.slice(4))).toString());
  }
}

describe('a damaged store', () => {
  it.each([
    ['holds something else', (path: string) => writeFileSync(path, 'this is no database '.repeat(1000))],
    ['lost its header', (path: string) => writeAt(path, 0, Buffer.alloc(100))],
    ['was cut in the middle', (path: string) => truncateSync(path, statSync(path).size / 2)],
    ['was cut inside a page', (path: string) => truncateSync(path, statSync(path).size - 1000)],
    ['has a page of zeros', (path: string) => writeAt(path, 4096 * 12, Buffer.alloc(4096))],
    ['asks for a newer SQLite', (path: string) => writeAt(path, 18, Buffer.from([9, 1]))],
    ['has a wrong schema format', (path: string) => writeAt(path, 47, Buffer.from([9]))],
    ['has another application id', (path: string) => writeAt(path, 68, Buffer.from([1, 1, 1, 1]))],
    ['has a wrong schema version', (path: string) => writeAt(path, 60, Buffer.from([1, 1, 1, 1]))],
    [
      'has a misspelt table',
      (path: string) => writeAt(path, readFileSync(path).indexOf('state ('), Buffer.from('sta7e')),
    ],
    ['lost its schema', (path: string) => writeAt(path, 100, Buffer.alloc(3000, 0xff))],
  ])('that %s is moved aside and replaced', async (_name, damage) => {
    const path = await createFilledStore();
    damage(path);
    const damaged = readFileSync(path);
    const { store, settings } = reopen(path);
    expect(quarantined(path)).toHaveLength(1);
    expect(readFileSync(join(dirname(path), quarantined(path)[0])).subarray(0, 1000)).toEqual(
      damaged.subarray(0, 1000),
    );
    expect(await settings.metrics.value('hids_store_corruptions')).toBe(1);
    const report = settings.logger.entries.filter((entry) => entry.level === 'error');
    expect(report).toHaveLength(1);
    expect(report[0].fields).toMatchObject({ path, quarantined: join(dirname(path), quarantined(path)[0]) });
    await expectUsable(store);
    await store.close();

    // No crash loop: the next start finds a whole store.
    const again = reopen(path);
    expect(again.settings.logger.entries).toEqual([]);
    await expectUsable(again.store);
  });

  it('keeps what lies on other pages than the damaged one', async () => {
    const path = await createFilledStore();
    const pages = statSync(path).size / 4096;
    writeAt(path, 4096 * Math.floor(pages / 2), Buffer.alloc(4096, 0xaa));
    const { store } = reopen(path);
    expect(quarantined(path)).toHaveLength(1);
    expect([...store.entries('n')].length + store.peek('q', 1000).length).toBeGreaterThan(ROWS);
    await expectUsable(store);
  });

  it('has a fresh store although the disk fails again and again, and only the newest quarantined files', async () => {
    const path = await createFilledStore();
    for (let round = 0; round < 7; round++) {
      writeAt(path, 0, Buffer.alloc(100));
      const settings = createTestSettings();
      settings.clock.jump(round * 1000);
      const store = new SqliteStateStore(path, settings);
      await expectUsable(store);
      await store.close();
    }
    expect(quarantined(path)).toHaveLength(5);
  });

  it('takes a value with a flipped byte as missing, reports it once and goes on', async () => {
    const path = await createFilledStore();
    const db = new DatabaseSync(path);
    const flip = (blob: unknown) => {
      const bytes = Buffer.from(blob as Uint8Array);
      bytes[3] ^= 1;
      return bytes;
    };
    const state = db.prepare("SELECT value FROM state WHERE key = 'key 7'").get();
    db.prepare("UPDATE state SET value = ? WHERE key = 'key 7'").run(flip(state?.value));
    const item = db.prepare('SELECT rowid, payload FROM queue_items ORDER BY rowid LIMIT 1').get();
    db.prepare('UPDATE queue_items SET payload = ? WHERE rowid = ?').run(flip(item?.payload), item?.rowid ?? null);
    db.close();

    const { store, settings } = reopen(path);
    expect(store.get('n', 'key 7')).toBeUndefined();
    expect(store.get('n', 'key 7')).toBeUndefined();
    expect(store.get('n', 'key 8')).toEqual(new Uint8Array(value(8)));
    expect([...store.entries('n')]).toHaveLength(ROWS - 1);
    expect(Buffer.from(store.peek('q', 1)[0].payload).toString()).toBe(value(1).toString());
    await expectUsable(store);
    expect(store.queueSize('q').items).toBe(ROWS);
    expect(await settings.metrics.value('hids_store_damaged_rows')).toBe(2);
    expect(settings.logger.entries).toHaveLength(2);
    expect(quarantined(path)).toEqual([]);
  });

  it('is replaced while it is in use', async () => {
    const path = await createFilledStore();
    const { store, settings } = reopen(path);
    // Damages pages in the file behind the open connections, then makes them read it.
    const size = statSync(path).size;
    for (let at = 4096 * 2; at < size; at += 4096) writeAt(path, at, Buffer.alloc(4096, 0x55));
    // Another connection's commit makes the reading one forget the pages it holds in memory.
    await store.commit([{ op: 'put', namespace: 'new', key: 'k', value: Buffer.from('x') }]).catch(() => {});
    expect(() => [...store.entries('n')]).toThrow('is damaged');
    // Until it is replaced nothing is answered wrongly.
    expect(() => store.get('n', 'key 1')).toThrow('is damaged');
    await expectUsable(store);
    expect(quarantined(path)).toHaveLength(1);
    expect(await settings.metrics.value('hids_store_corruptions')).toBe(1);
  });

  const seed = testSeed();
  it(`with random bytes is never a crash, nor answers what was not written (SEED=${seed})`, async () => {
    const random = createRandom(seed);
    for (let round = 0; round < 12; round++) {
      const path = await createFilledStore();
      const size = statSync(path).size;
      for (let count = random.int(1, 40); count > 0; count--) {
        writeAt(path, random.int(0, size - 1), Buffer.from([random.int(0, 255)]));
      }
      const settings = createTestSettings();
      const store = new SqliteStateStore(path, settings);
      try {
        await expectUsable(store);
      } catch (error) {
        // Damage that the check at the start cannot see is found on use, once.
        expect(String(error)).toContain('is damaged');
        await expectUsable(store);
      } finally {
        await store.close();
      }
    }
  });
});

function writeAt(path: string, at: number, bytes: Uint8Array): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}
