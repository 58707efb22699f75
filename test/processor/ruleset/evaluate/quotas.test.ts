import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ruleset } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { createEngine, type EventInput } from '../../../../src/processor/ruleset/evaluate/engine.ts';
import type { Quota } from '../../../../src/processor/ruleset/evaluate/state/host-shares.ts';
import { Ledger } from '../../../../src/processor/ruleset/evaluate/state/ledger.ts';
import type { StateLimits } from '../../../../src/processor/ruleset/evaluate/state/limits.ts';
import { EngineState, loadState } from '../../../../src/processor/ruleset/evaluate/state.ts';
import { MemoryStateStore } from '../../../../src/storage/memory-store.ts';
import { condition, correlation, decoder, ref, rule, ruleset, searcher } from './ruleset-builder.ts';

const options = { mode: 'live', hostname: 'mgr', localTime: () => ({ minutes: 0, weekday: 0 }) } as const;

const kv = decoder('kv', {
  prematch: { search: searcher(/^\w+/), start: 'log' },
  regex: { search: searcher(/id=(\w*)/), start: 'log', order: [ref('id')] },
  fts: { slots: new Set(['id', 'location']), dynamic: [] },
  accumulate: true,
});

function everything(compat: 'default' | 'strict' = 'default'): Ruleset {
  const burst = rule('101', 10, { correlation: correlation('100', { needed: 2, timeframe: 500 }) });
  const same = { over: { kind: 'group' }, needed: 2, same: ['id'], timeframe: 5000 } as const;
  const group = rule('201', 10, { correlation: correlation('', same) });
  const rules = [
    rule('100', 5, { conditions: [condition.match(/^bad/)], keepsHistory: true, children: [burst] }),
    rule('200', 5, { conditions: [condition.match(/^grp/)], feeds: [group], children: [group] }),
    rule('300', 7, { conditions: [condition.match(/^out/), condition.diff()] }),
    rule('400', 4, { conditions: [condition.match(/^new/), condition.fts()] }),
  ];
  return ruleset(rules, { decoders: [kv], memorySize: 60, memoryMaxAge: 10, compat });
}

const input = (host: string, log: string, second: number): EventInput => ({
  log,
  location: `(${host}) any->/l`,
  agentId: host,
  agentName: host,
  queue: '1',
  timeMs: (1_700_000_000 + second) * 1000,
  trusted: true,
});

const quota = (entries: number, bytes = 1e9, hostEntries = entries, hostBytes = bytes): Quota => ({
  entries,
  bytes,
  hostEntries,
  hostBytes,
});
const all = (one: Quota): Partial<StateLimits> => ({
  history: one,
  diff: one,
  fts: one,
  ignore: one,
  accumulator: one,
});

const line = fc.oneof(
  fc.constantFrom('bad', 'out 1', 'out 2', 'grp id=a', 'grp id=b', 'new id=a', 'new id=b'),
  fc.tuple(fc.constantFrom('bad', 'out', 'grp id=', 'new id='), fc.nat({ max: 500 })).map(([kind, n]) => `${kind}${n}`),
  fc.nat({ max: 3000 }).map((length) => `out ${'x'.repeat(length)}`),
);

describe('one host cannot make another one forgotten', () => {
  const light = fc.array(fc.constantFrom('bad', 'out 1', 'out 2', 'grp id=a', 'new id=a', 'new id=b'), {
    maxLength: 6,
  });
  const flood = fc.array(fc.tuple(fc.constantFrom('h1', 'h2', 'h3'), line), { maxLength: 400 });

  test('what a quiet host leads to is what it leads to alone', () => {
    fc.assert(
      fc.property(light, fc.array(flood, { minLength: 7, maxLength: 7 }), (lines, floods) => {
        const limits = all(quota(40, 1e9, 15));
        const decide = (withFlood: boolean) => {
          const state = new EngineState(limits);
          const engine = createEngine(everything(), state, options);
          return lines.map((log, index) => {
            if (withFlood) for (const [host, text] of floods[index]!) engine.evaluate(input(host, text, index * 10));
            return engine.evaluate(input('quiet', log, index * 10)).rule?.id;
          });
        };
        expect(decide(true)).toEqual(decide(false));
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['default', '101'],
    // The original's memory is one for all hosts.
    ['strict', '100'],
  ] as const)('%s: two failures, a flood of another host, the third failure', (compat, expected) => {
    const engine = createEngine(everything(compat), new EngineState(), options);
    for (const second of [0, 1]) engine.evaluate(input('quiet', 'bad', second));
    for (let n = 0; n < 20_000; n++) engine.evaluate(input('loud', 'bad', 2));
    expect(engine.evaluate(input('quiet', 'bad', 3)).rule?.id).toBe(expected);
  });

  test('after a restart hosts still own what was theirs', async () => {
    const limits = all(quota(40, 1e9, 15));
    const store = new MemoryStateStore();
    const first = loadState(store, limits);
    const before = createEngine(everything(), first, options);
    for (const log of ['bad', 'bad', 'out 1', 'new id=a']) before.evaluate(input('quiet', log, 0));
    for (let n = 0; n < 10; n++) before.evaluate(input('loud', `new id=${n}`, 1));
    await store.commit(first.drainChanges());
    const second = loadState(store, limits);
    const after = createEngine(everything(), second, options);
    for (let n = 0; n < 500; n++) {
      for (const log of ['bad', `new id=x${n}`]) after.evaluate(input(`loud${n % 3}`, log, 2));
    }
    const ids = ['bad', 'out 2', 'new id=a'].map((log) => after.evaluate(input('quiet', log, 3)).rule?.id);
    expect(ids).toEqual(['101', '300', undefined]);
  });
});

describe('bounds hold', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), line), { minLength: 50, maxLength: 600 });

  test('for every kind, by number and bytes, of a host and of all, with a store and after going back to it', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.integer({ min: 5, max: 60 }),
        fc.integer({ min: 3000, max: 40_000 }),
        async (...args) => {
          const [events, entries, bytes] = args;
          const limits = all(quota(entries, bytes, Math.ceil(entries / 2), Math.ceil(bytes / 2)));
          const store = new MemoryStateStore();
          const state = loadState(store, limits);
          const engine = createEngine(everything(), state, options);
          for (const [index, [host, log]] of events.entries()) {
            engine.evaluate(input(host, log, index));
            expectWithin(state, entries, bytes);
            if (index % 50 !== 49) continue;
            await store.commit(state.drainChanges());
            state.confirm();
            if (index % 100 === 99) state.restore(store);
            expectWithin(state, entries, bytes);
            expect([...store.entries('diff')].length).toBe(state.snapshots.size);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  function expectWithin(state: EngineState, entries: number, bytes: number): void {
    const { history, snapshots, accumulator, ignored } = state;
    const sizes = [history.size, snapshots.size, accumulator.size, ignored.size];
    for (const size of sizes) expect(size).toBeLessThanOrEqual(entries);
    // Texts that are refused for their size are never kept, so one entry is always within bounds.
    const kept = [history.bytes, snapshots.storedBytes, accumulator.bytes, ignored.bytes];
    for (const size of kept) expect(size).toBeLessThanOrEqual(bytes);
    // Gaps of forgotten events are at most as many as events, or a handful.
    expect(history.recent.length).toBeLessThanOrEqual(2 * entries + 16);
  }

  test('a ledger knows its sum, whoever gives up what', () => {
    const step = fc.record({
      key: fc.nat({ max: 80 }),
      host: fc.constantFrom('a', 'b', 'c', 'd'),
      bytes: fc.nat({ max: 300 }),
      op: fc.constantFrom('set', 'set', 'set', 'delete', 'touch'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (list) => {
        const evicted: string[] = [];
        const ledger = new Ledger<number>(quota(50, 5000, 30, 2500), (host) => evicted.push(host));
        const model = new Map<string, { host: string; bytes: number }>();
        for (const { key, host, bytes, op } of list) {
          const name = `k${key}`;
          if (op === 'delete') {
            ledger.delete(name);
            model.delete(name);
          } else if (op === 'touch') ledger.touch(name);
          else {
            // A name is counted with every key.
            model.set(name, { host, bytes: bytes + 1 });
            ledger.set(name, bytes, host, bytes, (old) => model.delete(old));
          }
          expect(ledger.size).toBe(model.size);
          expect(ledger.bytes).toBe([...model.values()].reduce((sum, entry) => sum + entry.bytes, 0));
          for (const one of 'abcd') {
            const own = [...model.values()].filter((entry) => entry.host === one);
            expect(own.length).toBeLessThanOrEqual(30);
            expect(own.reduce((sum, entry) => sum + entry.bytes, 0)).toBeLessThanOrEqual(2500);
          }
          expect(ledger.size).toBeLessThanOrEqual(50);
          expect(ledger.bytes).toBeLessThanOrEqual(5000);
        }
        for (const [name, { host, bytes }] of model)
          expect([ledger.hostOf(name), ledger.get(name)]).toEqual([host, bytes - 1]);
      }),
      { numRuns: 60 },
    );
  });

  test('also of bytes where strict keeps the original number of events', () => {
    const state = new EngineState({ history: quota(1000, 200_000) });
    const engine = createEngine(everything('strict'), state, options);
    for (let n = 0; n < 500; n++) {
      engine.evaluate(input('h', `bad ${'x'.repeat((n * 997) % 50_000)}`, n));
      expect(state.history.bytes).toBeLessThanOrEqual(200_000);
    }
    expect(state.history.recent.length).toBeGreaterThan(2);
    expect(state.takeEvictions()).toMatchObject([{ kind: 'history', bound: 'total' }]);
  });

  test('hosts without number cost what they keep', () => {
    const state = new EngineState(all(quota(1000, 1e9, 100)));
    const engine = createEngine(everything(), state, options);
    for (let host = 0; host < 20_000; host++) engine.evaluate(input(`h${host}`, 'bad', host % 400));
    expect(state.history.size).toBe(1000);
    expect(state.takeEvictions().find(({ kind }) => kind === 'history')).toMatchObject({
      bound: 'total',
      count: 19_000,
    });
  });
});
