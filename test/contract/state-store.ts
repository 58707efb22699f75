import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change, StateStore } from '../../src/component/state-store.ts';

/** A place that stores can be opened on again and again. */
export interface StoreUnderTest {
  open(): Promise<StateStore>;
  /** Whether what was committed is there when the store is opened again; default true. */
  keeps?: boolean;
  cleanup?(): void | Promise<void>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value);
const put = (key: string, value: string, namespace = 'n'): Change => ({
  op: 'put',
  namespace,
  key,
  value: bytes(value),
});
const enqueue = (payload: string, queue = 'q'): Change => ({ op: 'enqueue', queue, payload: bytes(payload) });
const payloads = (store: StateStore, queue = 'q') => store.peek(queue, 1000).map((item) => text(item.payload));

/** What every state store promises; call it inside a store's test file. */
export function describeStateStore(name: string, setup: () => StoreUnderTest | Promise<StoreUnderTest>): void {
  const withStore = (use: (store: StateStore, place: StoreUnderTest) => Promise<void>) => async () => {
    const place = await setup();
    const store = await place.open();
    try {
      await use(store, place);
    } finally {
      await store.close();
      await place.cleanup?.();
    }
  };
  const withReopened =
    (before: (store: StateStore) => Promise<void>, after: (store: StateStore) => Promise<void>) => async () => {
      const place = await setup();
      try {
        const first = await place.open();
        await before(first);
        await first.close();
        if (place.keeps === false) return;
        const second = await place.open();
        await after(second);
        await second.close();
      } finally {
        await place.cleanup?.();
      }
    };

  describe(`${name}: state store contract`, () => {
    it(
      'gives what was committed, and nothing before',
      withStore(async (store) => {
        expect(store.get('n', 'k')).toBeUndefined();
        await store.commit([put('k', 'one')]);
        expect(text(store.get('n', 'k'))).toBe('one');
        expect(store.get('other', 'k')).toBeUndefined();
        await store.commit([put('k', 'two'), put('', 'empty key'), put('k', '', 'empty value')]);
        expect(text(store.get('n', 'k'))).toBe('two');
        expect(text(store.get('n', ''))).toBe('empty key');
        expect(store.get('empty value', 'k')).toHaveLength(0);
        await store.commit([{ op: 'delete', namespace: 'n', key: 'k' }]);
        expect(store.get('n', 'k')).toBeUndefined();
        await store.commit([{ op: 'delete', namespace: 'n', key: 'never there' }]);
        await store.commit([]);
      }),
    );

    it(
      'applies changes of one commit in their order',
      withStore(async (store) => {
        await store.commit([put('k', 'a'), { op: 'delete', namespace: 'n', key: 'k' }, put('k', 'b'), put('k', 'c')]);
        expect(text(store.get('n', 'k'))).toBe('c');
        await store.commit([put('k', 'd'), { op: 'delete', namespace: 'n', key: 'k' }]);
        expect(store.get('n', 'k')).toBeUndefined();
      }),
    );

    it(
      'applies concurrent commits in the order of the calls',
      withStore(async (store) => {
        const finished: number[] = [];
        await Promise.all(
          Array.from({ length: 200 }, async (_, index) => {
            await store.commit([put('k', String(index)), enqueue(String(index))]);
            finished.push(index);
          }),
        );
        expect(text(store.get('n', 'k'))).toBe('199');
        expect(payloads(store)).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
        expect(finished).toEqual(finished.toSorted((a, b) => a - b));
      }),
    );

    it(
      'refuses a commit with a wrong change whole, and the others around it not at all',
      withStore(async (store) => {
        const wrong = { op: 'put', namespace: 'n', key: 'wrong', value: 'text' } as unknown as Change;
        const results = await Promise.allSettled([
          store.commit([put('before', 'x')]),
          store.commit([put('with', 'x'), wrong]),
          store.commit([{ op: 'put', namespace: 'n', key: '\ud800', value: bytes('x') }]),
          store.commit([put('after', 'x')]),
        ]);
        expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
        expect([...store.entries('n')].map(([key]) => key)).toEqual(['after', 'before']);
      }),
    );

    it(
      'keeps copies of the bytes it is given',
      withStore(async (store) => {
        const value = bytes('abc');
        const committed = store.commit([{ op: 'put', namespace: 'n', key: 'k', value }]);
        value.fill(0);
        await committed;
        expect(text(store.get('n', 'k'))).toBe('abc');
      }),
    );

    it(
      'lists the keys with a prefix in byte order',
      withStore(async (store) => {
        const keys = [
          'b',
          'a',
          'aa',
          'a\u0000',
          'a\u0000b',
          'a\ue000',
          'a\u{10000}',
          'aé',
          '__proto__',
          'a%',
          'a_',
          'A',
        ];
        await store.commit(keys.map((key) => put(key, key)));
        const found = [...store.entries('n', 'a')];
        expect(found.map(([key]) => key)).toEqual([
          'a',
          'a\u0000',
          'a\u0000b',
          'a%',
          'a_',
          'aa',
          'aé',
          'a\ue000',
          'a\u{10000}',
        ]);
        for (const [key, value] of found) expect(text(value)).toBe(key);
        expect([...store.entries('n')]).toHaveLength(keys.length);
        expect([...store.entries('n', 'zzz')]).toEqual([]);
        expect([...store.entries('no namespace')]).toEqual([]);
        expect(text(store.get('n', '__proto__'))).toBe('__proto__');
      }),
    );

    it(
      'lists more entries than it reads at once',
      withStore(async (store) => {
        const keys = Array.from({ length: 1234 }, (_, index) => `key-${String(index).padStart(5, '0')}`);
        await store.commit(keys.toReversed().map((key) => put(key, key)));
        expect([...store.entries('n', 'key-')].map(([key]) => key)).toEqual(keys);
      }),
    );

    it(
      'hands out copies of what is queued',
      withStore(async (store) => {
        await store.commit([enqueue('abc')]);
        const [item] = store.peek('q', 1);
        item.payload.fill(0);
        expect(payloads(store)).toEqual(['abc']);
        const { buffer } = store.peek('q', 1)[0].payload;
        if (buffer instanceof ArrayBuffer) buffer.transfer(0);
        expect(payloads(store)).toEqual(['abc']);
      }),
    );

    it(
      'queues in order, with growing ids and right sizes',
      withStore(async (store) => {
        expect(store.queueSize('q')).toEqual({ items: 0, bytes: 0 });
        expect(store.peek('q', 10)).toEqual([]);
        await store.commit([enqueue('a'), enqueue('bb'), enqueue('x', 'other'), enqueue('ccc')]);
        expect(payloads(store)).toEqual(['a', 'bb', 'ccc']);
        expect(store.queueSize('q')).toEqual({ items: 3, bytes: 6 });
        const ids = store.peek('q', 10).map((item) => item.id);
        expect(ids).toEqual(ids.toSorted((a, b) => a - b));
        expect(new Set(ids).size).toBe(3);
        expect(store.peek('q', 2).map((item) => item.id)).toEqual(ids.slice(0, 2));
        expect(store.peek('q', 10, ids[0]).map((item) => item.id)).toEqual(ids.slice(1));
        expect(store.peek('q', 10, ids[2])).toEqual([]);
        expect(store.peek('q', 0)).toEqual([]);

        await store.commit([{ op: 'dequeue', queue: 'q', ids: [ids[1], 999_999, -1] }]);
        expect(payloads(store)).toEqual(['a', 'ccc']);
        expect(store.queueSize('q')).toEqual({ items: 2, bytes: 4 });
        await store.commit([{ op: 'dequeue', queue: 'q', ids }]);
        await store.commit([{ op: 'dequeue', queue: 'q', ids }]);
        await store.commit([{ op: 'dequeue', queue: 'never there', ids }]);
        expect(store.queueSize('q')).toEqual({ items: 0, bytes: 0 });
        expect(store.queueSize('other')).toEqual({ items: 1, bytes: 1 });

        await store.commit([enqueue('later')]);
        expect(store.peek('q', 1)[0].id).toBeGreaterThan(ids[2]);
      }),
    );

    it(
      'refuses work after it was closed, and is closed twice',
      withReopened(
        async (store) => {
          await store.commit([put('k', 'x')]);
          const pending = store.commit([put('pending', 'x')]);
          const closed = store.close();
          await expect(store.commit([put('late', 'x')])).rejects.toThrow('closed');
          await expect(pending).resolves.toBeUndefined();
          await closed;
          await store.close();
        },
        async (store) => {
          expect([...store.entries('n')].map(([key]) => key)).toEqual(['k', 'pending']);
        },
      ),
    );

    it(
      'has everything again when it is opened anew',
      withReopened(
        async (store) => {
          await store.commit([put('k', 'value'), put('gone', 'x'), enqueue('a'), enqueue('b'), enqueue('only', 'p')]);
          await store.commit([{ op: 'delete', namespace: 'n', key: 'gone' }]);
          await store.commit([{ op: 'dequeue', queue: 'q', ids: [store.peek('q', 1)[0].id] }]);
          await store.commit([{ op: 'dequeue', queue: 'p', ids: [store.peek('p', 1)[0].id] }]);
        },
        async (store) => {
          expect([...store.entries('n')].map(([key, value]) => [key, text(value)])).toEqual([['k', 'value']]);
          expect(payloads(store)).toEqual(['b']);
          expect(store.queueSize('q')).toEqual({ items: 1, bytes: 1 });
          const last = store.peek('q', 1)[0].id;
          await store.commit([enqueue('c'), enqueue('again', 'p')]);
          expect(payloads(store)).toEqual(['b', 'c']);
          expect(store.peek('q', 2)[1].id).toBeGreaterThan(last);
          // The first item of `p` had id 1 or more; no later one may have it again.
          expect(store.peek('p', 1)[0].id).toBeGreaterThan(1);
        },
      ),
    );

    it(
      'behaves as a map and a list do, whatever the changes',
      withStore(async (store) => {
        let run = 0;
        const key = fc.constantFrom('a', 'b', '__proto__', 'ä');
        const value = fc.string({ maxLength: 5, unit: 'grapheme' });
        const step = fc.oneof(
          fc.record({ op: fc.constant('put' as const), key, value }),
          fc.record({ op: fc.constant('delete' as const), key }),
          fc.record({ op: fc.constant('enqueue' as const), value }),
          fc.record({ op: fc.constant('dequeue' as const), at: fc.nat() }),
        );
        const property = fc.asyncProperty(
          fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 }),
          async (runs) => {
            const namespace = `run ${run++}`;
            const map = new Map<string, string>();
            let list: { id: number; value: string }[] = [];
            for (const steps of runs) {
              const stored = [...list];
              const commit = steps.map((change): Change => {
                if (change.op === 'put') {
                  map.set(change.key, change.value);
                  return put(change.key, change.value, namespace);
                }
                if (change.op === 'delete') {
                  map.delete(change.key);
                  return { op: 'delete', namespace, key: change.key };
                }
                if (change.op === 'enqueue') {
                  list.push({ id: Number.NaN, value: change.value });
                  return enqueue(change.value, namespace);
                }
                const ids = stored.length === 0 ? [] : [stored[change.at % stored.length].id];
                list = list.filter((item) => !ids.includes(item.id));
                return { op: 'dequeue', queue: namespace, ids };
              });
              await store.commit(commit);
              const items = store.peek(namespace, 1000);
              expect(items.map((item) => text(item.payload))).toEqual(list.map((item) => item.value));
              list = list.map((item, index) => ({ ...item, id: items[index].id }));
              const size = { items: list.length, bytes: list.reduce((sum, item) => sum + bytes(item.value).length, 0) };
              expect(store.queueSize(namespace)).toEqual(size);
              expect(new Map([...store.entries(namespace)].map(([name, found]) => [name, text(found)]))).toEqual(map);
            }
          },
        );
        await fc.assert(property, { numRuns: 30 });
      }),
    );
  });
}
