import { describe, expect, test } from 'vitest';
import { MemoryStateStore } from '../../../src/storage/memory-store.ts';
import { bodiesOf } from './bodies.ts';
import { gate, httpOnly, post, protobufRequest, startReceiver, uidRequest, until } from './setup.ts';

const REQUEST = protobufRequest(['one', 'two']);

describe('a request that is sent again', () => {
  test('is answered without being evaluated again', async () => {
    const running = await startReceiver(httpOnly());
    for (let time = 0; time < 3; time++) expect((await post(running, { body: REQUEST })).status).toBe(200);
    expect(bodiesOf(running.intake)).toEqual(['one', 'two']);
    expect(await running.settings.metrics.value('hids_otlp_resent_requests', { receiver: 'otlp' })).toBe(2);
  });

  test('is known after a restart, from what was committed with its records', async () => {
    const store = new MemoryStateStore();
    const before = await startReceiver(httpOnly(), { store });
    await post(before, { body: REQUEST });
    await post(before, { body: uidRequest(['u1', 'u2']) });
    await before.receiver.shutdown();
    const after = await startReceiver(httpOnly(), { store });
    await post(after, { body: REQUEST });
    await post(after, { body: uidRequest(['u2', 'u3']) });
    expect(bodiesOf(after.intake)).toEqual(['u3']);
  });

  test('is not known after its records were refused', async () => {
    const running = await startReceiver(httpOnly());
    running.intake.fail = (_batch, call) => {
      if (call === 0) throw new Error('no');
    };
    expect((await post(running, { body: REQUEST })).status).toBe(503);
    expect((await post(running, { body: REQUEST })).status).toBe(200);
    expect(bodiesOf(running.intake)).toEqual(['one', 'two']);
  });

  test('while the first is in flight waits for it', async () => {
    const running = await startReceiver(httpOnly());
    const held = gate();
    running.intake.fail = () => held.promise;
    let answered = 0;
    const replies = [1, 2, 3].map(async () => {
      const reply = await post(running, { body: REQUEST });
      answered++;
      return reply.status;
    });
    await until(() => inFlightOf(running.receiver).requests === 3);
    expect([answered, running.intake.inFlight]).toEqual([0, 1]);
    held.open();
    expect(await Promise.all(replies)).toEqual([200, 200, 200]);
    expect(bodiesOf(running.intake)).toEqual(['one', 'two']);
  });

  test('while the first is in flight takes over when that fails', async () => {
    const running = await startReceiver(httpOnly());
    const held = gate();
    running.intake.fail = (_batch, call) => (call === 0 ? held.promise : undefined);
    const replies = [1, 2, 3].map(() => post(running, { body: REQUEST }));
    await until(() => inFlightOf(running.receiver).requests === 3);
    held.fail(new Error('no'));
    expect((await Promise.all(replies)).map((reply) => reply.status).sort()).toEqual([200, 200, 503]);
    expect(bodiesOf(running.intake)).toEqual(['one', 'two']);
  });

  test('is forgotten after the window', async () => {
    const running = await startReceiver({ ...httpOnly(), resend: { window: '10m' } });
    await post(running, { body: REQUEST });
    await running.settings.clock.advance(599_000);
    await post(running, { body: REQUEST });
    expect(running.intake.recordCount).toBe(2);
    await running.settings.clock.advance(2000);
    await post(running, { body: REQUEST });
    expect(running.intake.recordCount).toBe(4);
    expect(storedRows(running.store)).toHaveLength(1);
  });

  test('is not looked for where the window is zero', async () => {
    const running = await startReceiver({ ...httpOnly(), resend: { window: '0s' } });
    for (let time = 0; time < 2; time++) await post(running, { body: REQUEST });
    expect(running.intake.recordCount).toBe(4);
    expect(storedRows(running.store)).toEqual([]);
  });

  test('and two different requests with equal lines are two events each', async () => {
    const running = await startReceiver(httpOnly());
    await post(running, { body: protobufRequest(['same', 'same']) });
    await post(running, { body: protobufRequest(['same', 'same', 'same']) });
    expect(running.intake.recordCount).toBe(5);
    expect(new Set(running.intake.records.map((record) => record.identity)).size).toBe(5);
  });
});

describe('records with log.record.uid', () => {
  test('are dropped singly when they come again in another request', async () => {
    const running = await startReceiver(httpOnly());
    await post(running, { body: uidRequest(['a', 'b']) });
    await post(running, { body: uidRequest(['b', 'c', 'c']) });
    expect(bodiesOf(running.intake)).toEqual(['a', 'b', 'c']);
    expect(running.intake.records.map((record) => record.identity)).toEqual(['uid:a', 'uid:b', 'uid:c']);
    expect(await running.settings.metrics.value('hids_otlp_resent_log_records')).toBe(2);
  });

  test('and nothing new make no batch', async () => {
    const running = await startReceiver(httpOnly());
    await post(running, { body: uidRequest(['a', 'b']) });
    expect((await post(running, { body: uidRequest(['b', 'a']) })).status).toBe(200);
    expect(running.intake.batches).toHaveLength(1);
  });

  test('that are in flight in another request are waited for', async () => {
    const running = await startReceiver(httpOnly());
    const held = gate();
    running.intake.fail = (_batch, call) => (call === 0 ? held.promise : undefined);
    const first = post(running, { body: uidRequest(['a', 'b']) });
    await until(() => running.intake.inFlight === 1);
    const second = post(running, { body: uidRequest(['b', 'c']) });
    const third = post(running, { body: uidRequest(['d']) });
    expect((await third).status).toBe(200);
    held.fail(new Error('no'));
    expect((await first).status).toBe(503);
    expect((await second).status).toBe(200);
    expect(bodiesOf(running.intake).sort()).toEqual(['b', 'c', 'd']);
    await post(running, { body: uidRequest(['a', 'b']) });
    expect(bodiesOf(running.intake).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  test.each(['__proto__', 'constructor', 'ü'.repeat(5000), 'request/0'])('a uid may be any text (%#)', async (uid) => {
    const running = await startReceiver(httpOnly());
    await post(running, { body: uidRequest([uid]) });
    await post(running, { body: uidRequest([uid, 'other']) });
    expect(bodiesOf(running.intake)).toEqual([uid, 'other']);
    expect(running.intake.records[0].identity.length).toBeLessThan(140);
  });
});

describe('bounds', () => {
  test('requests and uids beyond the count are forgotten, oldest first, also in the store', async () => {
    const running = await startReceiver({ ...httpOnly(), resend: { max_requests: 3, max_uids: 4 } });
    for (let index = 0; index < 20; index++) await post(running, { body: uidRequest([`u${index}`, `v${index}`]) });
    expect(running.intake.recordCount).toBe(40);
    // One more commit may be needed until what was forgotten last is deleted.
    expect(storedRows(running.store).filter((key) => key.startsWith('request/')).length).toBeLessThanOrEqual(4);
    expect(storedRows(running.store).filter((key) => key.startsWith('uid/')).length).toBeLessThanOrEqual(3);
    await post(running, { body: uidRequest(['u19', 'u0']) });
    expect(bodiesOf(running.intake).slice(40)).toEqual(['u0']);
  });

  test('what the store holds beyond the bounds is deleted', async () => {
    const store = new MemoryStateStore();
    const before = await startReceiver(httpOnly(), { store });
    for (let index = 0; index < 10; index++) await post(before, { body: protobufRequest([`line ${index}`]) });
    await before.receiver.shutdown();
    const after = await startReceiver({ ...httpOnly(), resend: { max_requests: 2 } }, { store });
    await post(after, { body: protobufRequest(['line 9']) });
    expect(after.intake.recordCount).toBe(0);
    await post(after, { body: protobufRequest(['line 0']) });
    expect(after.intake.recordCount).toBe(1);
    expect(storedRows(store)).toHaveLength(3);
  });

  test('deletions of a refused request are made up for', async () => {
    const running = await startReceiver({ ...httpOnly(), resend: { max_requests: 1 } });
    await post(running, { body: protobufRequest(['line 0']) });
    await post(running, { body: protobufRequest(['line 1']) });
    running.intake.fail = () => {
      throw new Error('no');
    };
    await post(running, { body: protobufRequest(['line 2']) });
    running.intake.fail = undefined;
    await post(running, { body: protobufRequest(['line 3']) });
    await post(running, { body: protobufRequest(['line 4']) });
    expect(storedRows(running.store)).toHaveLength(2);
  });

  test('entries of the store that cannot be read are forgotten and reported', async () => {
    const store = new MemoryStateStore();
    const bad = ['', '{', 'null', '{"time":"x","names":[]}', '{"time":1,"names":[2]}'];
    await store.commit(
      bad.map((text, index) => ({
        op: 'put',
        namespace: 'receiver/otlp',
        key: `request/${index}`,
        value: Buffer.from(text),
      })),
    );
    const running = await startReceiver(httpOnly(), { store });
    expect(running.settings.logger.entries).toContainEqual(
      expect.objectContaining({ level: 'warn', fields: { entries: 5 } }),
    );
    await post(running, { body: REQUEST });
    expect(storedRows(store)).toHaveLength(1);
  });

  test('two receivers do not share what they remember', async () => {
    const store = new MemoryStateStore();
    const one = await startReceiver(httpOnly(), { store });
    const two = await startReceiver(httpOnly(), { store, id: 'otlp/second' });
    await post(one, { body: REQUEST });
    await post(two, { body: REQUEST });
    expect([one.intake.recordCount, two.intake.recordCount]).toEqual([2, 2]);
  });
});

function storedRows(store: MemoryStateStore, namespace = 'receiver/otlp'): string[] {
  return [...store.entries(namespace)].map(([key]) => key);
}

function inFlightOf(receiver: object): { requests: number } {
  return (receiver as { inFlight: { requests: number } }).inFlight;
}
