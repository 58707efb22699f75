import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../src/component/state-store.ts';
import type { Ruleset } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { loadContent } from '../../../../src/processor/ruleset/content.ts';
import { rulesetFactory } from '../../../../src/processor/ruleset/factory.ts';
import { shardOf } from '../../../../src/processor/ruleset/workers/shard.ts';
import { CountKeeper, SharedCounts } from '../../../../src/processor/ruleset/workers/shared-counts.ts';
import { KeyKeeper, SharedKeys } from '../../../../src/processor/ruleset/workers/shared-keys.ts';
import { MemoryStateStore } from '../../../../src/storage/memory-store.ts';
import { createContent } from './bench.ts';

async function load(): Promise<Ruleset> {
  const config = rulesetFactory.schema.parse(createContent().config);
  const { ruleset } = await loadContent(config, process.cwd());
  return ruleset!;
}

describe('what rules count', () => {
  it('is one for all threads, and what the store holds', async () => {
    const ruleset = await load();
    const store = new MemoryStateStore();
    const keeper = new CountKeeper();
    keeper.load(store, ruleset);
    const memory = keeper.use(ruleset);
    const [one, other] = [new SharedCounts(), new SharedCounts()];
    one.use(ruleset, memory);
    other.use(ruleset, memory);
    expect([one.fire('5712'), other.fire('5712'), one.fire('5712'), other.fired('5712')]).toEqual([1, 2, 3, 3]);
    const rule = ruleset.rules.get('5712')!;
    expect(rule.ignoreSeconds).toBe(60);
    expect([one.enterWindow(rule, 1000, true), other.enterWindow(rule, 1001, true)]).toEqual([true, false]);
    expect([other.enterWindow(rule, 1060, true), one.enterWindow(rule, 1061, true)]).toEqual([true, false]);
    const changes: Change[] = [];
    keeper.drain(changes);
    expect(changes).toEqual([]);
    // The later change of the window, of one thread, is told before the earlier one of the other.
    for (const counts of [other, one]) keeper.absorb(counts.takeCounted()!);
    expect(one.takeCounted()).toBeUndefined();
    keeper.drain(changes);
    expect(changes).toHaveLength(1);
    await store.commit(changes);
    keeper.drain(changes);
    expect(changes).toHaveLength(1);
    // Not committed: gone after going back.
    other.fire('5712');
    keeper.load(store, ruleset);
    expect(one.fired('5712')).toBe(3);
    expect(one.enterWindow(rule, 1061, true)).toBe(false);
    expect(other.read('5712')).toEqual({ fired: 3, ignoredSince: 1060 });
    expect(() => one.fire('none')).toThrow('none of the ruleset');
  });
});

describe('first-seen keys', () => {
  const quota = { entries: 40, bytes: 1e9, hostEntries: 40, hostBytes: 1e9 };

  it('are one set for all threads, and what the store holds', async () => {
    const store = new MemoryStateStore();
    const keeper = new KeyKeeper(quota);
    keeper.load(store);
    const [one, other] = [new SharedKeys(keeper.memory), new SharedKeys(keeper.memory)];
    expect([one.add('a', 'h'), other.add('a', 'h'), other.has('a'), other.add('b', 'h')]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    keeper.absorb(one.takeAdded());
    const changes: Change[] = [];
    keeper.drain(changes);
    await store.commit(changes);
    keeper.load(store);
    // `b` was not committed.
    expect([one.has('a'), one.has('b')]).toEqual([true, false]);
    expect(new KeyKeeper(quota).memory.salt).not.toEqual(keeper.memory.salt);
  });

  it('give up the oldest for want of room, however many come', async () => {
    const store = new MemoryStateStore();
    const keeper = new KeyKeeper(quota);
    keeper.load(store);
    const keys = new SharedKeys(keeper.memory);
    for (let number = 0; number < 2000; number++) {
      expect(keys.add(`key ${number}`, 'h')).toBe(true);
      keeper.absorb(keys.takeAdded());
      const changes: Change[] = [];
      keeper.drain(changes);
      if (keeper.isUntidy) keeper.tidy();
      await store.commit(changes);
      expect(keys.has(`key ${number}`)).toBe(true);
      expect(keys.has(`key ${number - 40}`)).toBe(false);
    }
    expect([...store.entries('fts')]).toHaveLength(40);
    expect(keeper.takeEvictions()).toEqual([{ kind: 'fts', bound: expect.any(String), count: 1960, host: 'h' }]);
  });
});

describe('hosts', () => {
  it('are dealt out evenly, names that end in numbers too', () => {
    for (const workers of [2, 3, 4, 8]) {
      const counts = Array.from({ length: workers }, () => 0);
      for (let number = 0; number < 4000; number++) counts[shardOf(`web-${number}.example`, workers)]!++;
      for (const count of counts) {
        expect(count).toBeGreaterThan((4000 / workers) * 0.85);
        expect(count).toBeLessThan((4000 / workers) * 1.15);
      }
    }
  });
});
