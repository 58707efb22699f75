import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../../src/component/state-store.ts';
import { Event } from '../../../../src/processor/ruleset/evaluate/event.ts';
import { lowerAscii } from '../../../../src/processor/ruleset/evaluate/lower-ascii.ts';
import { decodeEvents, encodeEvents } from '../../../../src/processor/ruleset/evaluate/state/event-codec.ts';
import {
  HistoryRows,
  readHistory,
  writeHistory,
} from '../../../../src/processor/ruleset/evaluate/state/history-rows.ts';
import { PastEvents } from '../../../../src/processor/ruleset/evaluate/state/past-events.ts';
import { Agreement } from '../../../../src/processor/ruleset/evaluate/state/past-record.ts';
import { MemoryStateStore } from '../../../../src/storage/memory-store.ts';

const NAMESPACE = 'history';

/** What a search may ask an event for. */
function facts(event: Event): object {
  const { sequence, timeMs, time, fullLog, log, category, location, hostname, agentId, ruleId, matched, lists } = event;
  const { dynamicNames: names, dynamicValues: values } = event;
  const statics = event.statics.map((value) => value ?? null);
  return {
    sequence,
    timeMs,
    time,
    fullLog,
    log,
    category,
    location,
    hostname,
    agentId,
    ruleId,
    matched,
    lists,
    statics,
    names,
    values,
  };
}

const bytes = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 300 }),
  fc.constantFrom('', 'sshd', 'web01', '__proto__'),
);
const events = fc
  .record({
    timeMs: fc.double({ min: 0, max: 2e12, noNaN: true }),
    texts: fc.array(bytes, { minLength: 6, maxLength: 6 }),
    differs: fc.boolean(),
    statics: fc.array(fc.option(bytes, { nil: undefined }), { minLength: 16, maxLength: 16 }),
    dynamics: fc.array(fc.tuple(bytes, bytes), { maxLength: 4 }),
    lists: fc.constantFrom<readonly string[]>(['s:1'], ['g:2', 'g:3'], []),
    matched: fc.nat({ max: 16 }),
  })
  .map(({ timeMs, texts, differs, statics, dynamics, lists, matched }) => {
    const [fullLog, log, location, hostname, agentId, ruleId] = texts as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const event = new Event(timeMs, fullLog, location);
    if (differs) event.log = log;
    Object.assign(event, { hostname, agentId, ruleId, lists, matched });
    statics.forEach((value, slot) => {
      event.statics[slot] = value;
    });
    for (const [name, value] of dynamics) event.addDynamic(name, value);
    return event;
  });

describe('events as bytes', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 5 }), (of) => {
        of.forEach((event, index) => {
          event.sequence = index * 3_000_000_000;
        });
        expect(decodeEvents(encodeEvents(of))?.map(facts)).toEqual(of.map(facts));
      }),
    );
  });

  test('that are damaged are none, or others, but never an error', () => {
    fc.assert(
      fc.property(fc.array(events, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat({ max: 255 }), (of, at, byte) => {
        const stored = encodeEvents(of);
        expect(decodeEvents(stored.subarray(0, at % stored.length))).toBeUndefined();
        stored[at % stored.length] = byte;
        decodeEvents(stored);
      }),
    );
  });
});

const createEvent = (sequence: number): Event => {
  const event = new Event(1_700_000_000_000 + sequence, `line ${sequence}`, '/var/log/auth.log');
  event.sequence = sequence;
  return event;
};

/** Rows with the events they are about. */
class Rows {
  private readonly events = new PastEvents();
  private readonly rows = new HistoryRows(this.events, { enabled: true });
  private readonly numbers = new Map<Event, number>();

  put(event: Event): void {
    const past = this.numbers.get(event) ?? this.enter(event);
    this.events.mark(past, event.matched);
    this.rows.put(past);
  }

  remove(event: Event): void {
    const past = this.numbers.get(event);
    if (past === undefined) return;
    this.numbers.delete(event);
    this.rows.remove(past);
    this.events.remove(past);
  }

  drain(changes: Change[]): void {
    this.rows.drain(changes);
  }

  load(stored: Iterable<readonly [string, Uint8Array]>, wanted: (event: Event) => boolean): Event[] {
    this.rows.load(stored, wanted, (event) => this.enter(event));
    return [...this.numbers.keys()];
  }

  private enter(event: Event): number {
    const past = this.events.add(event, event.sequence, { ruleId: event.ruleId, lists: event.lists });
    this.numbers.set(event, past);
    return past;
  }
}

function openRows(): Rows {
  return new Rows();
}

async function save(rows: Rows, store: MemoryStateStore): Promise<readonly Change[]> {
  const changes: Change[] = [];
  rows.drain(changes);
  await store.commit(changes);
  return changes;
}

const stored = (store: MemoryStateStore) => [...store.entries(NAMESPACE)];

function agreement(value: string | undefined, other: string): Agreement {
  if (value === undefined) return Agreement.missing;
  return value === other ? Agreement.same : Agreement.other;
}

test('past events are read as they were, wherever others go', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(events, fc.nat({ max: 3 })), { maxLength: 30, size: 'max' }), (steps) => {
      const past = new PastEvents();
      const kept = new Map<number, Event>();
      for (const [sequence, [event, forget]] of steps.entries()) {
        event.sequence = sequence;
        kept.set(past.add(event, sequence, { ruleId: event.ruleId, lists: event.lists }), event);
        for (const number of [...kept.keys()].slice(0, forget)) {
          kept.delete(number);
          past.remove(number);
        }
        for (const [number, wanted] of kept) {
          expect(facts(past.read(number))).toEqual(facts(wanted));
          expect(past.dynamicCount(number)).toBe(wanted.dynamicCount);
          for (const other of ['sshd', '', wanted.agentId, ...wanted.statics, ...wanted.dynamicValues]) {
            if (other === undefined) continue;
            for (const [text, value] of [
              ...wanted.statics,
              wanted.location,
              wanted.hostname,
              wanted.agentId,
            ].entries()) {
              expect(past.compare(number, text, other)).toBe(agreement(value, other));
            }
            for (const key of ['sshd', ...wanted.dynamicNames.map(lowerAscii)]) {
              expect(past.compareField(number, key, other)).toBe(agreement(wanted.dynamic(key), other));
            }
          }
        }
      }
    }),
    { numRuns: 30 },
  );
});

describe('rows of past events', () => {
  test('hold what is remembered after each commit, and a few times as much at most', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 150 }) }) },
      { weight: 4, arbitrary: fc.record({ forget: fc.array(fc.nat(), { maxLength: 150 }) }) },
      { weight: 1, arbitrary: fc.record({ mark: fc.array(fc.nat(), { maxLength: 5 }) }) },
      { weight: 1, arbitrary: fc.constant({ load: true }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const store = new MemoryStateStore();
        let rows = openRows();
        let kept = new Map<number, Event>();
        let next = 0;
        const pick = (number: number): Event | undefined => [...kept.values()][number % Math.max(1, kept.size)];
        for (const action of steps) {
          if ('add' in action) {
            for (let count = 0; count < action.add; count++) {
              const event = createEvent(next++);
              kept.set(event.sequence, event);
              rows.put(event);
              // Forgotten before it was ever stored.
              if (count % 50 === 49) {
                kept.delete(event.sequence);
                rows.remove(event);
              }
            }
          }
          if ('forget' in action) {
            for (const event of action.forget.map(pick)) {
              if (!event) continue;
              kept.delete(event.sequence);
              rows.remove(event);
            }
          }
          if ('mark' in action) {
            for (const event of action.mark.map(pick)) {
              if (!event) continue;
              event.matched++;
              rows.put(event);
            }
          }
          await save(rows, store);
          const wanted = [...kept.values()].sort((a, b) => a.sequence - b.sequence);
          expect(readHistory(stored(store)).map(facts)).toEqual(wanted.map(facts));
          const places = stored(store).flatMap(([key, value]) =>
            key.startsWith('e') ? (decodeEvents(value) ?? []) : [],
          );
          expect(places.length).toBeLessThanOrEqual(4 * kept.size);
          if (!('load' in action)) continue;
          rows = openRows();
          kept = new Map(rows.load(stored(store), () => true).map((event) => [event.sequence, event]));
        }
      }),
      { numRuns: 40 },
    );
  });

  test('are one for a batch, and gone with the last of their events', async () => {
    const store = new MemoryStateStore();
    const rows = openRows();
    const batch = Array.from({ length: 50 }, (_, index) => createEvent(index));
    for (const event of batch) rows.put(event);
    expect((await save(rows, store)).length).toBe(1);
    for (const event of batch.slice(0, 30)) rows.remove(event);
    expect((await save(rows, store)).map(({ op }) => op)).toEqual(['put']);
    for (const event of batch.slice(30)) rows.remove(event);
    expect((await save(rows, store)).map(({ op }) => op)).toEqual(['delete', 'delete']);
    expect(stored(store)).toEqual([]);
  });

  test('leave out what is not wanted any more, and what is damaged, and clear it away', async () => {
    const store = new MemoryStateStore();
    const rows = openRows();
    for (const sequences of [
      [0, 1],
      [2, 3],
      [4, 5],
    ]) {
      for (const sequence of sequences) rows.put(createEvent(sequence));
      await save(rows, store);
    }
    const [, second] = stored(store);
    await store.commit([{ op: 'put', namespace: NAMESPACE, key: second![0], value: Buffer.from('nonsense') }]);
    const others = openRows();
    const loaded = others.load(stored(store), ({ sequence }) => sequence > 0);
    expect(loaded.map(({ sequence }) => sequence)).toEqual([1, 4, 5]);
    await save(others, store);
    expect(stored(store).map(([key]) => key.slice(0, 1))).toEqual(['e', 'e', 'g']);
    expect(readHistory(stored(store)).map(({ sequence }) => sequence)).toEqual([1, 4, 5]);
  });

  test('take the newer of two where the note about the older one is lost', async () => {
    const store = new MemoryStateStore();
    const rows = openRows();
    const [one, other] = [createEvent(0), createEvent(1)];
    rows.put(one);
    rows.put(other);
    await save(rows, store);
    one.matched = 7;
    rows.put(one);
    await save(rows, store);
    await store.commit([{ op: 'delete', namespace: NAMESPACE, key: 'g0000000000000000' }]);
    expect(
      openRows()
        .load(stored(store), () => true)
        .map(({ matched }) => matched),
    ).toEqual([7, 0]);
  });

  test('of older versions, one event each, are read and deleted in their turn', async () => {
    const store = new MemoryStateStore();
    const old = {
      t: 1_700_000_000_123,
      f: 'Dec 10 01:02:02 web01 sshd[1]: bad',
      l: 'bad',
      c: 'syslog',
      p: '/var/log/auth.log',
      h: 'web01',
      a: '001',
      s: [[2, '192.0.2.1']],
      d: [['uid', '0']],
      m: 5,
      i: ['s:5716'],
      r: '5716',
    };
    for (const key of ['0000000000000007', '0000000000000008']) {
      await store.commit([{ op: 'put', namespace: NAMESPACE, key, value: Buffer.from(JSON.stringify(old)) }]);
    }
    const rows = openRows();
    const [first, second] = rows.load(stored(store), () => true) as [Event, Event];
    expect(facts(first)).toMatchObject({
      sequence: 7,
      timeMs: old.t,
      fullLog: old.f,
      log: 'bad',
      location: old.p,
      hostname: 'web01',
      agentId: '001',
      ruleId: '5716',
      matched: 5,
      lists: ['s:5716'],
      names: ['uid'],
      values: ['0'],
    });
    expect(first.statics[2]).toBe('192.0.2.1');
    rows.remove(first);
    second.matched = 6;
    rows.put(second);
    await save(rows, store);
    expect(stored(store).map(([key]) => key)).toEqual(['e0000000000000000']);
    expect(readHistory(stored(store)).map(({ sequence, matched }) => [sequence, matched])).toEqual([[8, 6]]);
  });

  test('can be written as a whole for another place', () => {
    const all = Array.from({ length: 200 }, (_, index) => createEvent(index));
    const rows = writeHistory(all);
    expect(rows.length).toBe(4);
    expect(readHistory(rows).map(facts)).toEqual(all.map(facts));
  });
});
