import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../../src/component/state-store.ts';
import { Event } from '../../../../src/processor/ruleset/evaluate/event.ts';
import { History } from '../../../../src/processor/ruleset/evaluate/state/history.ts';
import { MemoryStateStore } from '../../../../src/storage/memory-store.ts';

const MAX_AGE = 30;
const HOST_ENTRIES = 6;
const QUOTA = { entries: 1000, bytes: 1e9, hostEntries: HOST_ENTRIES, hostBytes: 1e9 };
const LISTS = [['s:1'], ['g:1', 'g:2'], ['g:2', 's:2']] as const;

interface Kept {
  readonly sequence: number;
  readonly time: number;
  readonly host: string;
  /** Those that hold it. */
  lists: Set<string>;
  /** Those it was put into. */
  readonly names: readonly string[];
}

/** What a history has to hold, in the plainest way. */
class Model {
  kept: Kept[] = [];
  private next = 0;
  private readonly listSize: number;

  constructor(listSize: number) {
    this.listSize = listSize;
  }

  add(time: number, host: string, names: readonly string[]): void {
    this.kept.push({ sequence: this.next++, time, host, names, lists: new Set(names) });
    this.trim();
    while (time - this.kept[0]!.time > MAX_AGE) this.kept.shift();
    const own = this.kept.filter((event) => event.host === host);
    if (own.length > HOST_ENTRIES) this.kept.splice(this.kept.indexOf(own[0]!), 1);
  }

  retain(wanted: (list: string) => boolean): void {
    this.kept = this.kept.filter(({ names }) => names.some(wanted));
    for (const event of this.kept) event.lists = new Set([...event.lists].filter(wanted));
    this.kept = this.kept.map((event) => ({ ...event, names: event.names.filter(wanted) }));
  }

  /** A list that was cut comes back from the store with all its events, and is cut anew. */
  reload(): void {
    for (const event of this.kept) event.lists = new Set(event.names);
    this.trim();
  }

  list(name: string): number[] {
    return this.kept.filter(({ lists }) => lists.has(name)).map(({ sequence }) => sequence);
  }

  private trim(): void {
    if (this.listSize === 0) return;
    for (const name of new Set(LISTS.flat())) {
      const listed = this.kept.filter(({ lists }) => lists.has(name));
      for (const event of listed.slice(0, Math.max(0, listed.length - this.listSize))) event.lists.delete(name);
    }
  }
}

describe('the history', () => {
  const step = fc.oneof(
    {
      weight: 30,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        pass: fc.integer({ min: -3, max: 6 }),
        host: fc.nat({ max: 3 }),
        lists: fc.nat({ max: LISTS.length - 1 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('retain' as const), list: fc.constantFrom(...LISTS.flat()) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('store' as const), load: fc.boolean() }) },
  );

  test.each([0, 4])(
    'holds what its bounds leave, in order, lists of at most %s, restarts included',
    async (listSize) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
          const bounds = { memorySize: undefined, maxAge: MAX_AGE, listSize, keepAll: false };
          const open = () => new History(QUOTA, { enabled: true }, () => {});
          const store = new MemoryStateStore();
          const model = new Model(listSize);
          let history = open();
          history.setBounds(bounds);
          let time = 1000;
          for (const action of steps) {
            if (action.kind === 'add') {
              time += action.pass;
              const event = new Event(time * 1000, `line of ${action.host}`, '/var/log/x');
              event.agentId = `00${action.host + 1}`;
              event.ruleId = `${action.lists}`;
              const names = LISTS[action.lists]!;
              history.add(event, names);
              model.add(time, event.agentId, names);
            } else if (action.kind === 'retain') {
              history.retain((list) => list !== action.list);
              model.retain((list) => list !== action.list);
            } else {
              const changes: Change[] = [];
              history.drain(changes);
              await store.commit(changes);
              if (action.load) {
                history = open();
                history.setBounds(bounds);
                history.load(store);
                model.reload();
              }
            }
            const { events } = history;
            const sequences = (name: string) => {
              const list = history.list(name);
              const found = list ? [...history.walk(list)].map((past) => events.sequence(past)) : [];
              expect(list?.length ?? 0).toBe(found.length);
              return found;
            };
            expect([...history.walk(history.recent)].map((past) => events.sequence(past))).toEqual(
              model.kept.map(({ sequence }) => sequence),
            );
            expect(history.size).toBe(model.kept.length);
            for (const name of new Set(LISTS.flat())) expect(sequences(name)).toEqual(model.list(name));
          }
        }),
        { numRuns: 60 },
      );
    },
  );
});
