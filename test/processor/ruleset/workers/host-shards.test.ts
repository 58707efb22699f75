import { describe, expect, it } from 'vitest';
import { HOST_SHARDS, HostShards } from '../../../../src/processor/ruleset/workers/host-shards.ts';
import { settleLayout } from '../../../../src/processor/ruleset/workers/layout.ts';
import { MemoryStateStore } from '../../../../src/storage/memory-store.ts';

const names = Array.from({ length: 22 }, (_, index) => `web-ä${index}`);

describe('hosts', () => {
  it('go to the worker that has fewest, and stay there', async () => {
    const store = new MemoryStateStore();
    const hosts = new HostShards(4);
    hosts.load(store);
    const shards = names.map((name) => hosts.of(name));
    for (let shard = 0; shard < 4; shard++) {
      expect([5, 6]).toContain(shards.filter((found) => found === shard).length);
    }
    expect(names.map((name) => hosts.of(name))).toEqual(shards);
    await store.commit(hosts.drain());
    expect(hosts.drain()).toEqual([]);
    const again = new HostShards(4);
    again.load(store);
    expect(names.toReversed().map((name) => again.of(name))).toEqual(shards.toReversed());
    expect(again.drain()).toEqual([]);
    // What was not stored is dealt out anew.
    const free = again.of('other');
    again.load(store);
    expect([again.of('another'), again.drain().length]).toEqual([free, 1]);
  });

  it('are known by name up to a number, and by a hash beyond', () => {
    const hosts = new HostShards(3);
    for (let number = 0; number < 65_536; number++) hosts.of(`host${number}`);
    const one = new Set(Array.from({ length: 50 }, (_, number) => hosts.of(`later${number}`)));
    expect(one).toEqual(new Set([0, 1, 2]));
    expect(hosts.drain()).toHaveLength(65_536);
    const few = new HostShards(3);
    few.of('x'.repeat(257));
    expect(few.drain()).toEqual([]);
  });

  it('are dealt out anew for another number of workers, and where they went by a hash', async () => {
    const store = new MemoryStateStore();
    const put = (value: string) =>
      store.commit([{ op: 'put', namespace: 'workers', key: 'count', value: Buffer.from(value) }]);
    await put('2');
    await settleLayout(store, 2);
    expect(Buffer.from(store.get('workers', 'count')!).toString()).toBe('[2]');
    const hosts = new HostShards(2);
    hosts.of('a');
    await store.commit(hosts.drain());
    await settleLayout(store, 2);
    expect([...store.entries(HOST_SHARDS)]).toHaveLength(1);
    await settleLayout(store, 3);
    expect([...store.entries(HOST_SHARDS)]).toEqual([]);
    await settleLayout(store, 1);
    expect(Buffer.from(store.get('workers', 'count')!).toString()).toBe('1');
  });
});
