import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../../src/component/state-store.ts';
import type { Ruleset } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { createEngine, type EventInput } from '../../../../src/processor/ruleset/evaluate/engine.ts';
import { Event } from '../../../../src/processor/ruleset/evaluate/event.ts';
import { History } from '../../../../src/processor/ruleset/evaluate/state/history.ts';
import { EngineState, loadState } from '../../../../src/processor/ruleset/evaluate/state.ts';
import { MemoryStateStore } from '../../../../src/storage/memory-store.ts';
import { condition, correlation, decoder, ref, rule, ruleset, searcher } from './ruleset-builder.ts';

const localTime = () => ({ minutes: 0, weekday: 0 });
const options = { mode: 'live', hostname: 'mgr', localTime } as const;

const kv = decoder('kv', {
  prematch: { search: searcher(/^\w+/), start: 'log' },
  regex: { search: searcher(/id=(\w*)(?: user=(\w*))?/), start: 'log', order: [ref('id'), ref('dstuser')] },
  fts: { slots: new Set(['id']), dynamic: [] },
  accumulate: true,
});

/** Everything that remembers, in one ruleset. */
function everything(parts: { needed?: number; memorySize?: number } = {}): Ruleset {
  const burst = rule('101', 10, { correlation: correlation('100', { needed: parts.needed ?? 3, timeframe: 50 }) });
  const group = rule('201', 10, {
    correlation: correlation('', { over: { kind: 'group' }, needed: 2, same: ['id'], timeframe: 50 }),
  });
  return ruleset(
    [
      rule('100', 5, { conditions: [condition.match(/^bad/)], keepsHistory: true, children: [burst] }),
      rule('200', 5, { conditions: [condition.match(/^grp/)], feeds: [group], children: [group] }),
      rule('300', 7, { conditions: [condition.match(/^out/), condition.diff()] }),
      rule('400', 4, { conditions: [condition.match(/^new/), condition.fts()] }),
      rule('500', 6, { conditions: [condition.match(/^ign/)], ignoreSeconds: 20 }),
      rule('600', 6, { conditions: [condition.field('dstuser', /^bob$/)] }),
      rule('700', 3, { conditions: [condition.match(/^low/)] }),
    ],
    { decoders: [kv], memorySize: parts.memorySize ?? 30, memoryMaxAge: 10 },
  );
}

const inputs = (lines: readonly string[], from = 0): EventInput[] =>
  lines.map((log, index) => ({
    log,
    location: '/l',
    queue: '1',
    timeMs: (1_700_000_000 + from + index) * 1000,
    trusted: true,
  }));

function decisions(state: EngineState, rules: Ruleset, events: readonly EventInput[]) {
  const engine = createEngine(rules, state, options);
  return events.map((input) => {
    const verdict = engine.evaluate(input);
    return [verdict.rule?.id, verdict.alert, verdict.firedtimes, [...verdict.event.previous]];
  });
}

const line = fc.oneof(
  fc.constantFrom('bad x', 'low', 'ign', 'acc id=a', 'acc id=a user=bob', 'acc id=b', 'zero\0byte id=\x01'),
  fc.tuple(fc.constantFrom('grp', 'out', 'new'), fc.constantFrom('a', 'b', 'c', '')).map(([a, b]) => `${a} id=${b}`),
);

describe('a restart', () => {
  test('goes on exactly where it was left, whenever it happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(line, { maxLength: 12 }), { maxLength: 8 }),
        fc.constantFrom(30, 5),
        async (batches, memorySize) => {
          const rules = everything({ memorySize });
          const whole = decisions(new EngineState(), rules, inputs(batches.flat()));
          const store = new MemoryStateStore();
          const parts: unknown[] = [];
          let done = 0;
          for (const batch of batches) {
            const state = loadState(store);
            parts.push(...decisions(state, rules, inputs(batch, done)));
            done += batch.length;
            await store.commit(state.drainChanges());
          }
          expect(parts).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('keeps a history through events that are in none', async () => {
    const rules = everything();
    const store = new MemoryStateStore();
    const first = loadState(store);
    decisions(first, rules, inputs(['bad', 'bad', ...Array<string>(20).fill('low'), 'bad']));
    await store.commit(first.drainChanges());
    expect(decisions(loadState(store), rules, inputs(['bad'], 23))[0]?.[0]).toBe('101');
  });
});

describe('changes', () => {
  test('are only what a batch changed', async () => {
    const rules = everything();
    const state = loadState(new MemoryStateStore());
    const engine = createEngine(rules, state, options);
    for (const input of inputs(['bad', 'out 1', 'new id=a', 'low'])) engine.evaluate(input);
    expect(state.drainChanges().length).toBeGreaterThan(4);
    expect(state.drainChanges()).toEqual([]);
    engine.evaluate(inputs(['out 1'], 10)[0]!);
    expect(state.drainChanges()).toEqual([]);
    engine.evaluate(inputs(['out 2'], 11)[0]!);
    const changed = state.drainChanges().map((change) => ('namespace' in change ? change.namespace : ''));
    // The rule's event is in no history, so there is nothing to remember of it.
    expect(changed.sort()).toEqual(['diff', 'diff-owner', 'fired']);
  });

  test('are not noted where no store follows', () => {
    const state = new EngineState();
    decisions(state, everything(), inputs(['bad', 'out 1', 'new id=a', 'ign', 'acc id=a']));
    expect(state.drainChanges()).toEqual([]);
  });

  test('that were not committed are forgotten by restore', async () => {
    const rules = everything();
    const store = new MemoryStateStore();
    const state = loadState(store);
    const engine = createEngine(rules, state, options);
    const [one, two, three] = inputs(['out 1', 'out 2', 'out 2']);
    engine.evaluate(one!);
    await store.commit(state.drainChanges());
    expect(engine.evaluate(two!).rule?.id).toBe('300');
    state.drainChanges();
    state.restore(store);
    expect(engine.evaluate(three!).rule?.id).toBe('300');
    expect(engine.evaluate(three!).firedtimes).toBe(0);
  });
});

const oneHost = (entries: number) => ({ entries, bytes: 1e9, hostEntries: entries, hostBytes: 1e9 });

describe('bounds', () => {
  test('snapshots beyond the memory are read back from the store', async () => {
    const rules = everything();
    const store = new MemoryStateStore();
    const state = loadState(store, { diffCacheBytes: 4000 });
    const engine = createEngine(rules, state, options);
    const send = (host: number, text: string) =>
      engine.evaluate({ ...inputs([`out ${text}`])[0]!, location: `[${host}] (h${host}) any->x` }).rule?.id;
    for (let host = 0; host < 100; host++) {
      send(host, 'x'.repeat(100));
      await store.commit(state.drainChanges());
      state.confirm();
    }
    expect(send(0, 'x'.repeat(100))).toBeUndefined();
    expect(send(1, 'y')).toBe('300');
    expect(state.takeEvictions()).toEqual([]);
  });

  test('a snapshot comes back with its bytes and its time', async () => {
    const store = new MemoryStateStore();
    const state = loadState(store);
    state.snapshots.set('slot', 'h', 'caf\xc3\xa9 \xff\0x', 1_700_000_000_123);
    await store.commit(state.drainChanges());
    expect(loadState(store).snapshots.get('slot')).toEqual({ text: 'caf\xc3\xa9 \xff\0x', time: 1_700_000_000_123 });
  });

  test('snapshots that the store does not have yet stay in memory', async () => {
    const store = new MemoryStateStore();
    const { snapshots } = loadState(store, { diffCacheBytes: 300 });
    for (const slot of ['a', 'b', 'c', 'd']) snapshots.set(slot, 'h', slot.repeat(100));
    snapshots.drain([]);
    expect(snapshots.get('a')?.text).toBe('a'.repeat(100));
    snapshots.confirm();
    expect(snapshots.get('b')).toBeUndefined();
  });

  test('without a store the least recently used go, and are counted', () => {
    const state = new EngineState({ diffCacheBytes: 1000 });
    for (let slot = 0; slot < 20; slot++) state.snapshots.set(`s${slot}`, 'h', 'x'.repeat(50));
    expect(state.takeEvictions()).toEqual([{ kind: 'diff', bound: 'host', host: 'h', count: expect.any(Number) }]);
    expect(state.snapshots.size).toBeLessThan(10);
    expect(state.snapshots.get('s19')).toBeDefined();
    expect(state.snapshots.get('s0')).toBeUndefined();
  });

  test('keys beyond the bound push out the oldest', async () => {
    const state = loadState(new MemoryStateStore(), { fts: oneHost(3) });
    for (const key of ['d', 'c', 'b', 'a']) state.fts.add(key, 'h');
    expect([state.fts.has('d'), state.fts.has('a')]).toEqual([false, true]);
    expect(state.takeEvictions()).toEqual([{ kind: 'fts', bound: 'host', host: 'h', count: 1 }]);
    const store = new MemoryStateStore();
    await store.commit(state.drainChanges());
    const loaded = loadState(store, { fts: oneHost(3) });
    loaded.fts.add('e', 'h');
    expect(['c', 'b', 'a', 'e'].map((key) => loaded.fts.has(key))).toEqual([false, true, true, true]);
  });
});

describe('the recent list', () => {
  const newHistory = () => new History(oneHost(1000), { enabled: true }, () => {});
  const filled = (seconds: readonly number[], maxAge: number) => {
    const history = newHistory();
    history.setBounds({ memorySize: 20, maxAge, listSize: 0, keepAll: false });
    for (const second of seconds) history.add(new Event(second * 1000, 'x', 'l'), second % 2 === 0 ? ['s:1'] : []);
    return history;
  };
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

  test('loses ten at once when it overflows, and their entries in the histories', () => {
    const history = filled(upTo(21), 1000);
    expect(history.recent.length).toBe(11);
    expect(history.list('s:1')?.length).toBe(6);
  });

  test('also loses what is older than the age', () => {
    expect(filled(upTo(21), 5).recent.length).toBe(6);
  });

  test('is as long after a restart, events without a history included', async () => {
    const history = filled([1, 3, 4, 5, 7], 1000);
    const changes: Change[] = [];
    history.drain(changes);
    const store = new MemoryStateStore();
    await store.commit(changes);
    const loaded = newHistory();
    loaded.load(store);
    loaded.setBounds({ memorySize: 20, maxAge: 1000, listSize: 0, keepAll: false });
    expect(loaded.recent.length).toBe(5);
    const { events } = loaded;
    const [listed] = [...loaded.walk(loaded.list('s:1')!)];
    expect(events.time(listed!)).toBe(4);
    expect([...loaded.walk(loaded.recent)].map((past) => events.isWhole(past))).toEqual([
      false,
      false,
      true,
      false,
      false,
    ]);
    loaded.add(new Event(8000, 'x', 'l'), ['s:1']);
    expect([...loaded.walk(loaded.list('s:1')!)].map((past) => events.sequence(past))).toEqual([2, 5]);
  });
});

test('similar keys of an IDS are remembered over a restart', async () => {
  const store = new MemoryStateStore();
  const state = loadState(store);
  for (const last of ['0', '1', '2']) state.similar.add(`aaaaaaaaaaaaaaaaaaaa${last}`);
  await store.commit(state.drainChanges());
  expect(loadState(store).similar.hasSimilar('aaaaaaaaaaaaaaaaaaaa3')).toBe(true);
});

describe('a reload', () => {
  const before = inputs(['grp id=a', 'bad', 'bad', 'bad', 'out 1']);

  test('keeps what unchanged rules remember', () => {
    const state = new EngineState();
    decisions(state, everything(), before);
    expect(decisions(state, everything(), inputs(['bad', 'out 2', 'bad'], 5)).map(([id]) => id)).toEqual([
      '101',
      '300',
      '100',
    ]);
    expect(state.counters.read('100')?.fired).toBe(4);
  });

  test('drops the group history of a rule that asks another question now', async () => {
    const changed = everything();
    const group = changed.rules.get('201')!;
    (group as { correlation: unknown }).correlation = { ...group.correlation!, timeframe: 51 };
    const store = new MemoryStateStore();
    const state = loadState(store);
    decisions(state, everything(), inputs(['grp id=a', 'grp id=a']));
    await store.commit(state.drainChanges());
    expect(decisions(loadState(store), everything(), inputs(['grp id=a'], 2))[0]?.[0]).toBe('201');
    expect(decisions(loadState(store), changed, inputs(['grp id=a'], 2))[0]?.[0]).toBe('200');
  });
});

test('a damaged row is dropped, the rest loads', async () => {
  const rules = everything();
  const store = new MemoryStateStore();
  const state = loadState(store);
  for (const input of inputs(['bad', 'bad', 'bad'])) {
    decisions(state, rules, [input]);
    await store.commit(state.drainChanges());
  }
  const [row] = [...store.entries('history', 'e')];
  await store.commit([{ op: 'put', namespace: 'history', key: row![0], value: Buffer.from('{nonsense') }]);
  expect(decisions(loadState(store), rules, inputs(['bad', 'bad'], 3)).map(([id]) => id)).toEqual(['100', '101']);
});
