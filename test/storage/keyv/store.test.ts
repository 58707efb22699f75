import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/component/clock.ts';
import type { HealthEvent } from '../../../src/component/health-event.ts';
import type { Change, StateStore } from '../../../src/component/state-store.ts';
import { KeyvStateStore } from '../../../src/storage/keyv/store.ts';
import { describeStateStore } from '../../contract/state-store.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { createRandom, testSeed } from '../../support/random.ts';
import { createTestSettings } from '../../support/settings.ts';

/** A server in memory that several clients may use, and that can be made to fail. */
class FakeServer {
  readonly data = new Map<string, unknown>();
  /** Asked before every command; what it throws is the answer. */
  fault: ((command: 'get' | 'set' | 'delete', key: string) => void | Promise<void>) | undefined;
  /** Asked before every write: a function that is given what is to be done later, while the caller is told that it failed. */
  late: (() => ((work: () => void) => void) | undefined) | undefined;
  /** The same for the owner's record. */
  lateOwner: (() => (work: () => void) => void) | undefined;
  /** Keys written and removed, without the owner's. */
  readonly log: string[] = [];

  connect() {
    const command = async <T>(name: 'get' | 'set' | 'delete', key: string, work: () => T): Promise<T> => {
      await this.fault?.(name, key);
      const later = name === 'get' ? undefined : key.endsWith(':owner') ? this.lateOwner?.() : this.late?.();
      if (later) {
        later(work);
        throw new Error('no answer');
      }
      if (name !== 'get' && !key.endsWith(':owner')) this.log.push(`${name} ${key.replace('test:', '')}`);
      return work();
    };
    const { data } = this;
    const adapter = {
      opts: { dialect: 'redis', url: '' },
      namespace: undefined as string | undefined,
      get: (key: string) => command('get', key, () => data.get(key)),
      set: (key: string, value: unknown) => command('set', key, () => void data.set(key, value)),
      delete: (key: string) => command('delete', key, () => data.delete(key)),
      clear: async () => data.clear(),
      on: () => adapter,
      async *iterator() {
        for (const entry of [...data]) {
          await command('get', entry[0], () => {});
          yield entry;
        }
      },
    };
    const keyv = new Keyv(adapter, { namespace: 'test', throwOnErrors: true });
    return { keyv, close: async () => {} };
  }
}

const quick = { shown: 'fake://server', settleMs: 0, leaseMs: 60 };
const put = (key: string, value = key): Change => ({ op: 'put', namespace: 'n', key, value: Buffer.from(value) });
const enqueue = (payload: string): Change => ({ op: 'enqueue', queue: 'q', payload: Buffer.from(payload) });
const keys = (store: StateStore) => [...store.entries('n')].map(([key]) => key);
const payloads = (store: StateStore) => store.peek('q', 100).map((item) => Buffer.from(item.payload).toString());

describeStateStore('keyv (map)', () => {
  const map = new Map();
  const open = () => {
    const keyv = new Keyv({ store: map, namespace: 'test', throwOnErrors: true });
    return KeyvStateStore.open(
      { keyv, close: async () => {} },
      { ...createTestSettings(), clock: systemClock, ...quick, leaseMs: 10_000 },
    );
  };
  return { open };
});

/** Opens with a clock that moves by itself while the store is being opened. */
async function open(server: FakeServer, clock = new FakeClock()) {
  const settings = createTestSettings({ clock });
  const health: HealthEvent[] = [];
  let opened: KeyvStateStore | undefined;
  let failure: unknown;
  const opening = KeyvStateStore.open(server.connect(), {
    ...settings,
    ...quick,
    reportHealth: (event) => health.push(event),
  }).then(
    (store) => {
      opened = store;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  for (let turn = 0; turn < 200 && !opened && !failure; turn++) await clock.advance(1);
  await opening;
  if (!opened) throw failure;
  return { store: opened, settings, clock, health };
}

describe('commits on a shared store', () => {
  it('are in the journal before any of their keys, and the journal is empty after', async () => {
    const server = new FakeServer();
    const { store } = await open(server);
    await store.commit([put('a'), put('b'), enqueue('x'), { op: 'delete', namespace: 'n', key: 'gone' }]);
    await store.close();
    expect(server.log[0]).toBe('set j-1-1');
    expect(server.log.at(-1)).toBe('delete j-1-1');
    expect(server.log.slice(1, -1).every((line) => /^(set|delete) [sin]-/.test(line))).toBe(true);
    expect([...server.data.keys()].filter((key) => key.includes('j-'))).toEqual([]);
  });

  it('share a journal entry when they come together', async () => {
    const server = new FakeServer();
    const { store } = await open(server);
    await Promise.all(Array.from({ length: 100 }, (_, index) => store.commit([put(`k${index}`)])));
    expect(server.log.filter((line) => line.startsWith('set j-'))).toHaveLength(1);
    await store.close();
  });

  it('reject while the server does not answer, without a trace, and succeed later', async () => {
    const server = new FakeServer();
    const { store } = await open(server);
    await store.commit([put('a')]);
    await settle();
    server.fault = () => {
      throw new Error('connection reset');
    };
    const results = await Promise.allSettled([store.commit([put('b'), enqueue('lost')]), store.commit([put('c')])]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(String((results[0] as PromiseRejectedResult).reason)).toBe(
      'StoreWriteError: fake://server: cannot write: connection reset',
    );
    expect(keys(store)).toEqual(['a']);
    server.fault = undefined;
    await store.commit([put('d'), enqueue('kept')]);
    expect(keys(store)).toEqual(['a', 'd']);
    await store.close();
    const again = await open(server);
    expect(keys(again.store)).toEqual(['a', 'd']);
    expect(payloads(again.store)).toEqual(['kept']);
    await again.store.close();
  });

  it('are not done again although the answer to their failed journal entry was all that was lost', async () => {
    const server = new FakeServer();
    const { store } = await open(server);
    server.fault = (command, key) => {
      if (command !== 'set' || !key.includes('j-')) return;
      server.data.set(key, JSON.stringify({ value: '{"writes":[["s-x","late"]]}' }));
      throw new Error('timed out');
    };
    await expect(store.commit([put('b')])).rejects.toThrow('timed out');
    // The next commit is journaled, then the process dies.
    server.fault = (command, key) => (command === 'set' && key.includes('s-') ? new Promise(() => {}) : undefined);
    await store.commit([put('c')]);
    expect([...server.data.keys()].filter((key) => key.includes(':j-'))).toHaveLength(2);
    server.fault = undefined;
    const again = await open(server);
    expect(keys(again.store)).toEqual(['c']);
    expect(server.data.has('test:s-x')).toBe(false);
    await again.store.close();
  });

  it('end a commit that is in the journal although the server fails in between', async () => {
    const server = new FakeServer();
    const { store, settings, clock } = await open(server);
    let failures = 3;
    server.fault = (command, key) => {
      if (command === 'set' && key.includes(':s-') && failures-- > 0) throw new Error('busy');
    };
    await store.commit([put('a')]);
    const next = store.commit([put('b')]);
    await expect(next).rejects.toThrow('busy');
    await clock.advance(1000);
    await store.commit([put('c')]);
    expect(settings.logger.entries.map((entry) => entry.message)).toEqual(['a commit is not applied yet; trying on']);
    await store.close();
    const again = await open(server);
    expect(keys(again.store)).toEqual(['a', 'c']);
    await again.store.close();
  });

  it('time out when the server says nothing at all', async () => {
    const server = new FakeServer();
    const { store, clock } = await open(server);
    server.fault = () => new Promise<void>(() => {});
    const commit = store.commit([put('a')]);
    const outcome = commit.catch(String);
    await clock.advance(30_000);
    expect(await outcome).toContain('no answer within 10 s');
  });
});

describe('ownership of a shared store', () => {
  it('is refused while another process lives', async () => {
    const server = new FakeServer();
    const clock = new FakeClock();
    const first = await open(server, clock);
    await expect(open(server, clock)).rejects.toThrow(
      `fake://server is in use by process ${process.pid} on ${(await import('node:os')).hostname()}; stop it, or give each its own namespace`,
    );
    await first.store.commit([put('still mine')]);
    await first.store.close();
    const second = await open(server, clock);
    expect(keys(second.store)).toEqual(['still mine']);
    await second.store.close();
  });

  it('is taken over when no sign of life came for a lease, and the old owner stops', async () => {
    const server = new FakeServer();
    const first = await open(server);
    await first.store.commit([put('a')]);
    // The first process is suspended: its clock stands still.
    const second = await open(server);
    await second.store.commit([put('b')]);
    await first.clock.advance(1000);
    await expect(first.store.commit([put('c')])).rejects.toThrow('is in use by process');
    expect(first.settings.logger.entries.at(-1)?.message).toBe('another process has taken the store over');
    await first.store.close();
    await second.store.close();
    const third = await open(server);
    expect(keys(third.store)).toEqual(['a', 'b']);
    await third.store.close();
  });

  it('ends what a crash interrupted, and nothing that an earlier owner wrote after it was deposed', async () => {
    const server = new FakeServer();
    const first = await open(server);
    server.fault = (command, key) => (command === 'set' && /:[si]-/.test(key) ? new Promise(() => {}) : undefined);
    await first.store.commit([put('a'), enqueue('x')]);
    server.fault = undefined;
    server.data.set('test:j-0-7', JSON.stringify({ value: '{"writes":[["s-x","late"]]}' }));
    const second = await open(server);
    expect(keys(second.store)).toEqual(['a']);
    expect(payloads(second.store)).toEqual(['x']);
    expect(second.settings.logger.entries.map((entry) => entry.message)).toEqual([
      'interrupted commits are done',
      'journal entries that no longer count were removed',
    ]);
    expect([...server.data.keys()].filter((key) => key.includes(':j-'))).toEqual([]);
    await second.store.close();
  });

  it('writes everything anew when the server was emptied', async () => {
    const server = new FakeServer();
    const first = await open(server);
    await first.store.commit([put('a'), enqueue('x'), enqueue('y')]);
    await first.store.commit([{ op: 'dequeue', queue: 'q', ids: [1, 2] }, put('b'), enqueue('z')]);
    await settle();
    server.data.clear();
    await first.clock.advance(100);
    await first.store.commit([put('c')]);
    await first.store.close();
    expect(first.settings.logger.entries.map((entry) => entry.message)).toEqual([
      'the shared store was emptied; writing it anew from memory',
    ]);
    const second = await open(server);
    expect(keys(second.store)).toEqual(['a', 'b', 'c']);
    expect(second.store.peek('q', 10).map((item) => item.id)).toEqual([3]);
    await second.store.close();
  });
});

describe('a server that goes back in time', () => {
  const setBack = async (change: (server: FakeServer) => void) => {
    const server = new FakeServer();
    const first = await open(server);
    await first.store.commit([put('a'), put('removed'), enqueue('delivered')]);
    await settle();
    await first.clock.advance(100);
    const copy = new Map(server.data);
    await first.store.commit([
      put('a', 'newer'),
      { op: 'delete', namespace: 'n', key: 'removed' },
      { op: 'dequeue', queue: 'q', ids: [1] },
      enqueue('later'),
    ]);
    await first.clock.advance(100);
    server.data.clear();
    for (const [key, value] of copy) server.data.set(key, value);
    change(server);
    await first.clock.advance(100);
    await first.store.commit([put('c')]);
    return { server, ...first };
  };

  it.each([
    ['to what this process wrote before', () => {}],
    [
      'to what an earlier process had left',
      ({ data }: FakeServer) => {
        const old = { token: 'other', epoch: 0, beat: 900, applied: 3, released: false, host: 'h', pid: 1 };
        data.set('test:owner', JSON.stringify({ value: JSON.stringify(old) }));
      },
    ],
  ])('%s is reported, counted, and written anew', async (...[, change]) => {
    const { server, store, settings, health } = await setBack(change);
    expect(settings.logger.entries.map((entry) => entry.message)).toEqual([
      'the shared store was set back to an earlier state; writing it anew from memory',
    ]);
    expect(health).toEqual([
      { name: 'store lost its state', subject: 'fake://server', fields: { reason: 'set back to an earlier state' } },
    ]);
    expect(await settings.metrics.value('hids_store_losses')).toBe(1);
    await store.close();
    const { store: again } = await open(server);
    expect([...again.entries('n')].map(([key, value]) => `${key}=${Buffer.from(value)}`).sort()).toEqual([
      'a=newer',
      'c=c',
    ]);
    expect(payloads(again)).toEqual(['later']);
    await again.close();
  });

  it('is not one where a beat that failed arrives after a later one', async () => {
    const server = new FakeServer();
    const { store, clock, settings } = await open(server);
    let held: (() => void) | undefined;
    server.lateOwner = () => (work) => {
      held = work;
    };
    await clock.advance(quick.leaseMs);
    server.lateOwner = undefined;
    await clock.advance(quick.leaseMs);
    expect(held).toBeDefined();
    held?.();
    await clock.advance(quick.leaseMs);
    expect(settings.logger.entries.filter(({ message }) => message.includes('set back'))).toEqual([]);
    await store.close();
  });
});

it('reports damaged values and goes on with the rest', async () => {
  const server = new FakeServer();
  const first = await open(server);
  await first.store.commit([put('a'), put('b'), enqueue('x')]);
  await first.store.close();
  const [one] = [...server.data.keys()].filter((key) => key.includes(':s-'));
  server.data.set(one, JSON.stringify({ value: 'not JSON' }));
  server.data.set('test:s-moved', [...server.data].find(([key]) => key.includes(':i-'))?.[1]);
  const second = await open(server);
  expect(keys(second.store)).toHaveLength(1);
  expect(payloads(second.store)).toEqual(['x']);
  expect(await second.settings.metrics.value('hids_store_damaged_rows')).toBe(2);
  await second.store.close();
});

it('rejects opening rather than reading only a part', async () => {
  const server = new FakeServer();
  const first = await open(server);
  await first.store.commit([put('a'), put('b')]);
  await first.store.close();
  server.fault = (command, key) => {
    if (command === 'get' && key.includes(':s-')) throw new Error('connection reset');
  };
  await expect(open(server)).rejects.toThrow('cannot read: connection reset');
});

const seed = testSeed();
it(`loses no resolved commit and keeps none half, however it is interrupted (SEED=${seed})`, async () => {
  const random = createRandom(seed);
  const server = new FakeServer();
  const model = new Map<string, string>();
  let uncertain: string | undefined;
  for (let round = 0; round < 30; round++) {
    const { store } = await open(server);
    const found = Buffer.from(store.get('n', 'a') ?? []).toString();
    if (uncertain !== undefined && found === uncertain) for (const key of ['a', 'b']) model.set(key, uncertain);
    for (const key of ['a', 'b']) expect(Buffer.from(store.get('n', key) ?? []).toString()).toBe(model.get(key) ?? '');
    expect(payloads(store)).toEqual(model.has('a') ? [model.get('a')] : []);
    uncertain = undefined;
    // The process dies after so many commands: none of the later ones is answered or done.
    let left = random.int(0, 40);
    server.fault = () => (left-- > 0 ? undefined : new Promise<void>(() => {}));
    for (let commit = 0; commit < 5; commit++) {
      const value = `${round}.${commit}`;
      uncertain = value;
      const ids = store.peek('q', 10).map((item) => item.id);
      const done = store.commit([put('a', value), { op: 'dequeue', queue: 'q', ids }, put('b', value), enqueue(value)]);
      const finished = await Promise.race([
        done.then(() => true),
        settle()
          .then(settle)
          .then(() => false),
      ]);
      if (!finished) break;
      for (const key of ['a', 'b']) model.set(key, value);
      uncertain = undefined;
    }
    server.fault = undefined;
  }
});

it(`is not misled by commands that failed and arrive at the server later (SEED=${seed})`, async () => {
  const random = createRandom(seed);
  const server = new FakeServer();
  const model = new Map<string, string>();
  for (let round = 0; round < 20; round++) {
    // Their clock stands still while the store is used: only what fails is tried again.
    const { store, clock } = await open(server);
    for (const key of ['a', 'b', 'c']) {
      expect(Buffer.from(store.get('n', key) ?? []).toString()).toBe(model.get(key) ?? '');
    }
    const late: (() => void)[] = [];
    server.late = () => {
      if (random.next() > 0.3) return undefined;
      return (work) => void late.push(work);
    };
    for (let commit = 0; commit < 6; commit++) {
      const key = random.pick(['a', 'b', 'c']);
      const value = `${round}.${commit}`;
      const change: Change = random.next() < 0.3 ? { op: 'delete', namespace: 'n', key } : put(key, value);
      let state = '';
      const done = store.commit([change]).then(
        () => {
          state = 'stored';
        },
        () => {
          state = 'refused';
        },
      );
      for (let turn = 0; turn < 100 && state === ''; turn++) await clock.advance(1000);
      await done;
      if (state !== 'stored') continue;
      if (change.op === 'put') model.set(key, value);
      else model.delete(key);
      // Some of what failed arrives in between.
      while (late.length > 0 && random.next() < 0.3) late.splice(random.int(0, late.length - 1), 1)[0]();
    }
    server.late = undefined;
    // One more commit settles what became of the last one; then the process dies, and the rest arrives.
    await clock.advance(100_000);
    await store.commit([put('end')]);
    await settle();
    for (const work of late) work();
  }
  const { store } = await open(server);
  expect([...server.data.keys()].filter((key) => key.includes(':j-'))).toEqual([]);
  await store.close();
});

it('renews its lease although the clock was set back', async () => {
  const server = new FakeServer();
  const { store, clock } = await open(server);
  await store.commit([put('a')]);
  const before = server.data.get('test:owner');
  clock.jump(-3_600_000);
  await clock.advance(quick.leaseMs);
  expect(server.data.get('test:owner')).not.toEqual(before);
  await store.close();
});

it('writes everything anew when the server was emptied, also where it fails in between', async () => {
  const server = new FakeServer();
  const { store, clock } = await open(server);
  await store.commit([put('a'), put('b')]);
  await settle();
  server.data.clear();
  let failures = 2;
  server.fault = (command, key) => {
    if (command === 'set' && key.includes(':s-') && failures-- > 0) throw new Error('busy');
  };
  for (let turn = 0; turn < 10; turn++) await clock.advance(100);
  await store.close();
  const again = await open(server);
  expect(keys(again.store)).toEqual(['a', 'b']);
  await again.store.close();
});
