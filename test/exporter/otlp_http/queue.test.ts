import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RefusedError } from '../../../src/component/errors.ts';

import type { Change, StateStore } from '../../../src/component/state-store.ts';
import { otlpHttpFactory } from '../../../src/exporter/otlp_http/factory.ts';
import { MemoryStateStore } from '../../../src/storage/memory-store.ts';
import { SqliteStateStore } from '../../../src/storage/sqlite/store.ts';
import { describeComponentContract } from '../../contract/component.ts';
import { TestWorkUnit } from '../../support/consumers.ts';
import { createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';
import { accept, answer, Backend, hang } from './backend.ts';
import { logs, type Started, start } from './harness.ts';

const unavailable = answer(503);

async function isStuck({ until, host }: Started): Promise<void> {
  await until(() => host.statuses.get('otlp_http')?.state === 'recoverable_error');
}

describe('otlp_http queue', () => {
  it('sends nothing before the commit, and forgets what was rolled back', async () => {
    const backend = await Backend.start();
    const { exporter, consume, delivered, until, store } = await start({ endpoint: backend.endpoint });
    const rolledBack = new TestWorkUnit();
    await exporter.consume(logs(['never']), rolledBack);
    const pending = new TestWorkUnit();
    await exporter.consume(logs(['later']), pending);
    await consume(logs(['first']));
    await delivered();
    expect(backend.acceptedTexts).toEqual(['first']);
    rolledBack.rollback();
    await pending.commit(store);
    await until(() => backend.accepted.length === 2);
    expect(backend.acceptedTexts).toEqual(['first', 'later']);
  });

  it('survives a restart, in order, with what was under way', async () => {
    const path = join(createTempDir(), 'state.db');
    const open = () => new SqliteStateStore(path, createTestSettings());
    const backend = await Backend.start();
    backend.otherwise = unavailable;
    const first = open();
    const before = await start({ endpoint: backend.endpoint }, { store: first });
    for (const text of ['a', 'b', 'c']) await before.consume(logs([text]));
    await isStuck(before);
    await before.exporter.shutdown();
    expect(first.queueSize('otlp_http').items).toBe(3);
    await first.close();

    backend.otherwise = accept;
    const second = open();
    onTestFinished(() => second.close());
    const after = await start({ endpoint: backend.endpoint }, { store: second });
    await after.consume(logs(['d']));
    await after.delivered();
    expect(backend.acceptedTexts).toEqual(['a', 'b', 'c', 'd']);
    await after.exporter.shutdown();
  });

  it.each<[string, object, number]>([
    ['requests', { queue_size: 3 }, 3],
    ['bytes', { queue_bytes: 1024 }, 6],
  ])('refuses when it is full of %s, and takes again when there is room', async (_name, limit, fits) => {
    const backend = await Backend.start();
    backend.otherwise = unavailable;
    const started = await start({ endpoint: backend.endpoint, sending_queue: limit });
    const { consume, delivered, counted } = started;
    for (let count = 0; count < fits; count++) await consume(logs([`${count}`.padEnd(100, '.')]));
    await isStuck(started);
    const refused = await consume(logs(['x'.repeat(100), 'y'])).catch((error) => error);
    expect(refused).toBeInstanceOf(RefusedError);
    expect(refused.retryAfterMs).toBeGreaterThan(0);
    await expect(consume(logs(['z'.repeat(100)]))).rejects.toBeInstanceOf(RefusedError);
    expect(await counted('otelcol_exporter_enqueue_failed_log_records')).toBe(3);
    expect(await counted('otelcol_exporter_queue_size')).toBe(fits);
    backend.otherwise = accept;
    await delivered(1000);
    await consume(logs(['again']));
    await delivered(1000);
    expect(started.host.healthEvents).toMatchObject([
      { name: 'queue full', subject: 'otlp_http', fields: { size: fits, policy: 'refuse' } },
      { name: 'queue drained', subject: 'otlp_http', fields: { size: expect.any(Number) } },
    ]);
    expect(backend.acceptedTexts).toHaveLength(fits + 1);
    expect(await counted('otelcol_exporter_queue_size')).toBe(0);
  });

  it('says beforehand that there is no room for a batch as those before', async () => {
    const backend = await Backend.start();
    backend.otherwise = unavailable;
    const started = await start({ endpoint: backend.endpoint, sending_queue: { queue_bytes: 16_384 } });
    const { exporter, consume, delivered, host } = started;
    const batch = () => logs(['x'.repeat(1500)]);
    let stored = 0;
    const isFull = () => {
      try {
        exporter.checkRoom();
        return false;
      } catch (error) {
        expect(error).toBeInstanceOf(RefusedError);
        return true;
      }
    };
    for (; !isFull(); stored++) await consume(batch());
    expect(stored).toBeGreaterThan(7);
    await expect(consume(batch())).rejects.toBeInstanceOf(RefusedError);
    expect(host.healthEvents).toMatchObject([{ name: 'queue full', subject: 'otlp_http' }]);
    backend.otherwise = accept;
    await delivered(1000);
    expect(isFull()).toBe(false);
    expect(backend.acceptedTexts).toHaveLength(stored);
  });

  it('takes what it said it had room for, also when others are stored meanwhile', async () => {
    const backend = await Backend.start();
    backend.otherwise = unavailable;
    const started = await start({ endpoint: backend.endpoint, sending_queue: { queue_bytes: 131_072 } });
    const { exporter, store } = started;
    const told = { commit: async () => {} } as unknown as StateStore;
    let pending: TestWorkUnit[] = [];
    for (let rounds = 0; ; rounds++) {
      try {
        exporter.checkRoom();
      } catch {
        expect(rounds).toBeGreaterThan(10);
        break;
      }
      // On disk, and this side does not know yet.
      for (const work of pending) await store.commit(work.changes);
      const next = new TestWorkUnit();
      await exporter.consume(logs(['x'.repeat(1500)]), next);
      for (const work of pending) await work.commit(told);
      pending = [next];
      for (let more = 0; more < 3; more++) {
        const work = new TestWorkUnit();
        try {
          exporter.checkRoom();
        } catch {
          break;
        }
        await exporter.consume(logs(['y'.repeat(1500)]), work);
        pending.push(work);
      }
    }
  });

  it.each([{ block_on_overflow: true }, { drop_oldest_on_overflow: true }])(
    'refuses nothing beforehand with %o',
    async (policy) => {
      const backend = await Backend.start();
      backend.otherwise = unavailable;
      const { exporter, consume } = await start({
        endpoint: backend.endpoint,
        sending_queue: { queue_size: 1, ...policy },
      });
      await consume(logs(['a']));
      expect(() => exporter.checkRoom()).not.toThrow();
    },
  );

  it('counts what is on its way into the store', async () => {
    const backend = await Backend.start();
    const { exporter, store } = await start({ endpoint: backend.endpoint, sending_queue: { queue_size: 2 } });
    const works = [new TestWorkUnit(), new TestWorkUnit()];
    for (const work of works) await exporter.consume(logs(['a']), work);
    await expect(exporter.consume(logs(['b']), new TestWorkUnit())).rejects.toBeInstanceOf(RefusedError);
    works[0].rollback();
    const third = new TestWorkUnit();
    await exporter.consume(logs(['c']), third);
    await works[1].commit(store);
    await third.commit(store);
    await backend.waitForRequests(1);
  });

  it('takes a batch that is larger than the queue when it is empty', async () => {
    const backend = await Backend.start();
    const { consume, delivered } = await start({
      endpoint: backend.endpoint,
      request: { max_records: 1 },
      sending_queue: { queue_size: 2 },
    });
    await consume(logs(['a', 'b', 'c', 'd', 'e']));
    await delivered();
    expect(backend.acceptedTexts).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('makes senders wait instead, where told so', async () => {
    const backend = await Backend.start();
    backend.otherwise = unavailable;
    const started = await start({
      endpoint: backend.endpoint,
      sending_queue: { queue_size: 1, block_on_overflow: true },
    });
    await started.consume(logs(['a']));
    await isStuck(started);
    const accepted: string[] = [];
    const waiting = ['b', 'c', 'd'].map((text) => started.consume(logs([text])).then(() => accepted.push(text)));
    await started.settings.clock.advance(1000);
    expect(accepted).toEqual([]);
    backend.otherwise = accept;
    await started.until(() => accepted.length === 3, 1000);
    await Promise.all(waiting);
    await started.delivered(1000);
    expect(backend.acceptedTexts.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not wait for room that is promised to a batch which could not be stored', async () => {
    const started = await start({
      endpoint: (await Backend.start()).endpoint,
      sending_queue: { queue_size: 1, block_on_overflow: true },
    });
    const first = new TestWorkUnit();
    await started.exporter.consume(logs(['a']), first);
    const second = new TestWorkUnit();
    const waiting = expect(started.exporter.consume(logs(['b']), second)).rejects.toBeInstanceOf(RefusedError);
    second.givingUp.abort();
    await waiting;
    first.rollback();
    const third = new TestWorkUnit();
    await started.exporter.consume(logs(['b']), third);
    expect(third.changes).toHaveLength(1);
  });

  it('refuses those who wait when it shuts down', async () => {
    const backend = await Backend.start();
    backend.otherwise = unavailable;
    const started = await start({
      endpoint: backend.endpoint,
      sending_queue: { queue_size: 1, block_on_overflow: true },
    });
    await started.consume(logs(['a']));
    await isStuck(started);
    const waiting = expect(started.consume(logs(['b']))).rejects.toBeInstanceOf(RefusedError);
    await started.exporter.shutdown();
    await waiting;
    await expect(started.consume(logs(['c']))).rejects.toBeInstanceOf(RefusedError);
  });

  it('refuses those who wait some time after the process began to end, while it still sends', async () => {
    const backend = await Backend.start();
    backend.otherwise = unavailable;
    const started = await start({
      endpoint: backend.endpoint,
      sending_queue: { queue_size: 1, block_on_overflow: true, drain_timeout: '3s' },
    });
    await started.consume(logs(['a']));
    await isStuck(started);
    const waiting = expect(started.consume(logs(['b']))).rejects.toBeInstanceOf(RefusedError);
    started.exporter.prepareShutdown?.();
    await started.settings.clock.advance(3000);
    await waiting;
    backend.otherwise = accept;
    await started.delivered(1000);
    expect(backend.acceptedTexts).toEqual(['a']);
  });

  it('gives up the oldest, counted, where told so', async () => {
    const backend = await Backend.start();
    backend.otherwise = unavailable;
    const started = await start({
      endpoint: backend.endpoint,
      request: { max_records: 2 },
      sending_queue: { queue_size: 3, drop_oldest_on_overflow: true },
    });
    const { consume, until, delivered, store, counted } = started;
    await consume(logs(['under way']));
    await isStuck(started);
    for (const text of ['a', 'b', 'c', 'd', 'e']) await consume(logs([text, `${text}2`]));
    await until(() => store.queueSize('otlp_http').items === 3);
    backend.otherwise = accept;
    await delivered(1000);
    expect(backend.acceptedTexts).toEqual(['under way', 'd', 'd2', 'e', 'e2']);
    expect(await counted('hids_exporter_dropped_log_records')).toBe(6);
    const dropped = started.host.healthEvents.filter(({ name }) => name === 'queue full');
    expect(dropped.reduce((sum, { totals }) => sum + (totals?.dropped ?? 0), 0)).toBe(6);
    expect(started.host.healthEvents.at(-1)?.name).toBe('queue drained');
  });

  it('may live in another store than the state', async () => {
    const backend = await Backend.start();
    backend.otherwise = unavailable;
    const other = new MemoryStateStore();
    const started = await start(
      { endpoint: backend.endpoint, sending_queue: { storage: 'file_storage' } },
      { stores: { file_storage: other } },
    );
    const work = new TestWorkUnit();
    await started.exporter.consume(logs(['a']), work);
    expect(work.changes).toEqual([]);
    expect(other.queueSize('otlp_http').items).toBe(1);
    backend.otherwise = accept;
    await started.until(() => other.queueSize('otlp_http').items === 0, 1000);
    expect(backend.acceptedTexts).toEqual(['a']);
  });

  it('keeps what it cannot read in the dead-letter file, and goes on', async () => {
    const backend = await Backend.start();
    const store = new MemoryStateStore();
    const damaged = [Buffer.from('other version'), Buffer.from([1, 1, 0, 0, 0, 0xff, 0xff])];
    await store.commit(damaged.map((payload) => ({ op: 'enqueue', queue: 'otlp_http', payload })));
    backend.otherwise = (response, request) => (request.texts.length === 0 ? answer(400) : accept)(response, request);
    const { consume, delivered, deadLetters } = await start(
      { endpoint: backend.endpoint, encoding: 'json' },
      { store },
    );
    await consume(logs(['a']));
    await delivered();
    expect(backend.acceptedTexts).toContain('a');
    expect(deadLetters().map(({ kind, protobuf }) => [kind, Buffer.from(protobuf ?? '', 'base64')])).toEqual([
      ['unreadable', damaged[0]],
      ['refused', damaged[1].subarray(5)],
    ]);
  });

  it('goes on when the store fails for a while', async () => {
    const backend = await Backend.start();
    const store = new FailingStore();
    const { consume, delivered, until, settings } = await start({ endpoint: backend.endpoint }, { store });
    await consume(logs(['a']));
    store.failing = true;
    await until(() => settings.logger.entries.some((entry) => entry.message.includes('cannot be removed')));
    store.failing = false;
    await delivered(1000);
    store.unreadable = true;
    await consume(logs(['b']));
    await until(() => settings.logger.entries.some((entry) => entry.message.includes('cannot be read')));
    store.unreadable = false;
    await delivered(1000);
    expect(backend.acceptedTexts).toEqual(['a', 'b']);
  });
});

/** A store whose disk fails when told to. */
class FailingStore implements StateStore {
  readonly memory = new MemoryStateStore();
  failing = false;
  unreadable = false;

  get = this.memory.get.bind(this.memory);
  entries = this.memory.entries.bind(this.memory);
  queueSize = this.memory.queueSize.bind(this.memory);
  close = this.memory.close.bind(this.memory);

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.failing) throw new Error('disk full');
    await this.memory.commit(changes);
  }

  peek(queue: string, limit: number, afterId?: number) {
    if (this.unreadable) throw new Error('i/o error');
    return this.memory.peek(queue, limit, afterId);
  }
}

describe('otlp_http shutdown', () => {
  it('delivers what is left', async () => {
    const backend = await Backend.start();
    const { consume, exporter, store } = await start({ endpoint: backend.endpoint, request: { max_records: 1 } });
    for (let count = 0; count < 20; count++) await consume(logs([`${count}`]));
    await exporter.shutdown();
    expect(backend.accepted).toHaveLength(20);
    expect(store.queueSize('otlp_http').items).toBe(0);
  });

  it('ends after drain_timeout where the other side hangs, and keeps the queue', async () => {
    const backend = await Backend.start([hang]);
    const { consume, exporter, store, settings } = await start({
      endpoint: backend.endpoint,
      sending_queue: { drain_timeout: '2s' },
    });
    await consume(logs(['a']));
    await backend.waitForRequests(1);
    let ended = false;
    const shutdown = exporter.shutdown().then(() => {
      ended = true;
    });
    await settings.clock.advance(1999);
    expect(ended).toBe(false);
    await settings.clock.advance(1);
    await shutdown;
    expect(store.queueSize('otlp_http').items).toBe(1);
  });

  it('does not wait for a second failure', async () => {
    const backend = await Backend.start();
    backend.otherwise = answer(503, '', { 'retry-after': '3600' });
    const started = await start({ endpoint: backend.endpoint });
    await started.consume(logs(['a']));
    await isStuck(started);
    await started.exporter.shutdown();
    expect(backend.received).toHaveLength(2);
    expect(started.store.queueSize('otlp_http').items).toBe(1);
  });
});

describe('otlp_http dead letters', () => {
  it('are written before anything is forgotten, however long the disk takes', async () => {
    const dataDir = createTempDir();
    const backend = await Backend.start();
    backend.otherwise = answer(400, 'bad');
    const { consume, until, delivered, deadLetters, host, store } = await start(
      { endpoint: backend.endpoint },
      { dataDir },
    );
    await rm(join(dataDir, 'dead-letter'), { recursive: true });
    await writeFile(join(dataDir, 'dead-letter'), 'a file where the folder was');
    await consume(logs(['a']));
    await until(() => host.statuses.get('otlp_http')?.reason?.startsWith('dead-letter file: ') === true);
    expect(store.queueSize('otlp_http').items).toBe(1);
    await rm(join(dataDir, 'dead-letter'));
    await delivered(1000);
    expect(deadLetters()).toMatchObject([{ kind: 'refused', reason: '400: bad' }]);
  });

  it('are bounded, and what is deleted is counted', async () => {
    const backend = await Backend.start();
    backend.otherwise = answer(400, 'bad "rejected":77,"resourceLogs":');
    const { consume, delivered, counted, deadLetterPath } = await start({
      endpoint: backend.endpoint,
      request: { max_records: 1 },
      dead_letter: { max_megabytes: 0.001, max_backups: 1 },
    });
    await consume(logs(Array.from({ length: 10 }, (_, index) => `${index}`.padEnd(400, '.'))));
    await delivered();
    const kept = (await readFile(deadLetterPath, 'utf8')).trimEnd().split('\n').length;
    const removed = await counted('hids_exporter_dead_letter_removed_log_records');
    expect(await counted('hids_exporter_dead_letter_log_records')).toBe(10);
    expect(removed).toBeGreaterThanOrEqual(6);
    expect(removed).toBeLessThanOrEqual(10 - kept);
  });

  it('are readable by their owner only', async () => {
    const backend = await Backend.start([answer(400)]);
    const { consume, delivered, deadLetterPath } = await start({ endpoint: backend.endpoint });
    await consume(logs(['a']));
    await delivered();
    expect((await stat(deadLetterPath)).mode & 0o777).toBe(0o600);
  });
});

describeComponentContract('otlp_http', (settings) => ({
  component: otlpHttpFactory.create(
    { ...settings, baseDir: createTempDir() },
    otlpHttpFactory.schema.parse({ endpoint: 'http://127.0.0.1:1' }),
  ),
}));
