import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/component/clock.ts';
import type { Change, StateStore } from '../../../src/component/state-store.ts';
import { openKeyv, openList, openStore } from '../../../src/storage/open.ts';
import { cli } from '../../cli/helpers.ts';
import { checkCrashes } from '../../contract/crash.ts';
import { describeStateStore } from '../../contract/state-store.ts';
import { testSeed } from '../../support/random.ts';
import { createTestSettings } from '../../support/settings.ts';
import { startPostgres, startRedis } from '../support/store-servers.ts';

const redis = await startRedis();
const postgres = await startPostgres();
afterAll(async () => {
  await redis?.stop();
  await postgres?.stop();
});

const createNamespace = () => `test-${randomBytes(6).toString('hex')}`;

function open(uri: string, namespace: string): Promise<StateStore> {
  return openStore(uri, { ...createTestSettings(), clock: systemClock, namespace, leaseMs: 1000 });
}

const servers = [
  { name: 'redis', server: redis, uri: redis?.uri },
  // The same protocol by Valkey's own client; Debian has no package of its server yet.
  { name: 'valkey', server: redis, uri: redis?.uri.replace('redis:', 'valkey:') },
  { name: 'postgres', server: postgres, uri: postgres?.uri },
];

describe.each(servers)('$name', ({ name, server, uri }) => {
  if (!server || !uri) {
    it.skip(`needs a server for ${name}, which is not installed`);
    return;
  }

  describeStateStore(name, () => {
    const namespace = createNamespace();
    return { open: () => open(uri, namespace) };
  });

  it('keeps snapshots over a restart of the process', async () => {
    const namespace = createNamespace();
    const snapshot = Buffer.from('tcp 0.0.0.0:22 LISTEN\n'.repeat(5000));
    const first = await open(uri, namespace);
    await first.commit([{ op: 'put', namespace: 'diff', key: '000 533', value: snapshot }]);
    await first.close();
    const second = await open(uri, namespace);
    expect(Buffer.from(second.get('diff', '000 533') ?? []).equals(snapshot)).toBe(true);
    await second.close();
  });

  it('belongs to one process at a time', async () => {
    const namespace = createNamespace();
    const first = await open(uri, namespace);
    const error = await open(uri, namespace).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/^StoreLockedError: .* is in use by process \d+ on /);
    expect(String(error)).not.toContain('a-secret');
    const neighbour = await open(uri, createNamespace());
    await neighbour.close();
    await first.close();
    await (await open(uri, namespace)).close();
  });

  it('rejects commits while the server is gone, goes on when it is back, and has everything', async () => {
    const namespace = createNamespace();
    const store = await open(uri, namespace);
    const put = (key: string) => store.commit([{ op: 'put', namespace: 'n', key, value: Buffer.from(key) }]);
    await put('before');
    await server.kill();
    await expect(put('during')).rejects.toThrow(/cannot (write|renew the lease)/);
    expect(store.get('n', 'during')).toBeUndefined();
    await server.restart();
    await expect
      .poll(() => put('after').then(() => 'stored', String), { timeout: 20_000, interval: 100 })
      .toBe('stored');
    await store.close();
    const again = await open(uri, namespace);
    expect([...again.entries('n')].map(([key]) => key)).toEqual(['after', 'before']);
    await again.close();
  });

  it('has everything again after the server went back to what it had before', async () => {
    const namespace = createNamespace();
    const settings = createTestSettings();
    const store = await openStore(uri, { ...settings, clock: systemClock, namespace, leaseMs: 1000 });
    const commit = (...changes: Change[]) =>
      expect.poll(() => store.commit(changes).then(() => 'stored', String), { timeout: 20_000 }).toBe('stored');
    const put = (key: string, value: string): Change => ({ op: 'put', namespace: 'n', key, value: Buffer.from(value) });
    const enqueue = (text: string): Change => ({ op: 'enqueue', queue: 'q', payload: Buffer.from(text) });
    await commit(put('a', 'old'), put('removed', 'x'), enqueue('delivered'));
    await server.copy();
    // With signs of life that the copy lacks: there is one in each third of a second.
    const since = performance.now();
    while (performance.now() - since < 1000) await commit(put('b', 'lost'));
    const [item] = store.peek('q', 1);
    await commit(put('a', 'new'), { op: 'delete', namespace: 'n', key: 'removed' }, enqueue('waits'));
    await commit({ op: 'dequeue', queue: 'q', ids: [item.id] });
    await server.setBack();
    await commit(put('c', 'after'));
    await expect.poll(() => settings.metrics.value('hids_store_losses'), { timeout: 20_000 }).toBe(1);
    await commit(put('c', 'after'));
    await store.close();
    const again = await open(uri, namespace);
    const found = [...again.entries('n')].map(([key, value]) => `${key}=${Buffer.from(value)}`);
    expect(found.sort()).toEqual(['a=new', 'b=lost', 'c=after']);
    expect(again.peek('q', 10).map(({ payload }) => Buffer.from(payload).toString())).toEqual(['waits']);
    await again.close();
  });

  const seed = testSeed();
  it(`has every resolved commit and no half one after SIGKILL (SEED=${seed})`, async () => {
    await checkCrashes({ uri, namespace: createNamespace(), seed, rounds: 4 });
  });

  it('shows others an edited list: whatever its keys hold, with who it was, and again after the server was away', async () => {
    const name = createNamespace();
    const reader = await openList(uri, name, systemClock);
    const writer = await openList(uri, name, systemClock);
    expect([await reader.version(), (await reader.read()).size]).toEqual(['', 0]);
    const odd = ['nc', 'fe80::1', '*', 'a b', 'grün', '', 'x'.repeat(5000), `otel-hids-list.${name}:nc`, '~edits'];
    const many = Array.from({ length: 1500 }, (_, index) => `10.0.0.${index}`);
    await writer.edit(new Map([...odd, ...many].map((key) => [key, `value of ${key}`])), 'alice@one');
    const entries = await reader.read();
    expect(entries.size).toBe(odd.length + many.length);
    for (const key of odd) expect([entries.get(key), await reader.get(key)]).toEqual(Array(2).fill(`value of ${key}`));
    const first = await reader.lastEdit();
    expect(first).toMatchObject({ by: 'alice@one', version: expect.stringMatching(/./) });
    await server.kill();
    await expect(reader.read()).rejects.toThrow(/cannot read/);
    await server.restart();
    const edit = () => writer.edit(new Map([...many.map((key) => [key, null] as const), ['nc', 'red']]), 'bob@two');
    await expect.poll(() => edit().then(() => 'done', String), { timeout: 20_000, interval: 100 }).toBe('done');
    await expect.poll(() => reader.lastEdit().catch(String), { timeout: 20_000 }).toMatchObject({ by: 'bob@two' });
    expect((await reader.read()).size).toBe(odd.length);
    expect(await reader.get('nc')).toBe('red');
    await reader.close();
    await writer.close();
  });

  it('takes the command that edits lists', async () => {
    const name = createNamespace();
    const run = (...args: string[]) => cli(['list', ...args, '--store', uri]);
    expect(await run('set', name, 'fe80::1', 'red')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/1 added/),
    });
    const exported = await run('export', name);
    expect(exported).toEqual({ code: 0, stdout: '"fe80::1":red\n', stderr: '' });
    expect(JSON.stringify(await run('get', name))).not.toContain('a-secret');
  });

  it('shares lists between processes, beside the state', async () => {
    const namespace = createNamespace();
    const list = await openKeyv(uri, namespace);
    const other = await openKeyv(uri, namespace);
    await list.set('ncat', 'yellow');
    await list.set('nc', 'red');
    expect(await other.get('nc')).toBe('red');
    await other.delete('nc');
    expect(await list.get('nc')).toBeUndefined();
    const found: unknown[] = [];
    for await (const entry of list.iterator!(undefined)) found.push(entry);
    expect(found).toEqual([['ncat', 'yellow']]);
    await other.disconnect();
    // One connection's end must not be the other's.
    expect(await list.get('ncat')).toBe('yellow');
    await list.clear();
    expect(await list.get('ncat')).toBeUndefined();
    await list.disconnect();
  });
});
