import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Event } from '../../../../src/processor/ruleset/evaluate/event.ts';
import { Lows } from '../../../../src/processor/ruleset/evaluate/state/lows.ts';
import { PastEvents } from '../../../../src/processor/ruleset/evaluate/state/past-events.ts';
import { Agreement } from '../../../../src/processor/ruleset/evaluate/state/past-record.ts';

const ORIGIN = { ruleId: '1', lists: ['s:1'] };

describe('dynamic fields of past events', () => {
  const createEvent = (names: readonly string[]) => {
    const event = new Event(1000, 'log', 'file');
    for (const [place, name] of names.entries()) event.addDynamic(name, `value ${place}`);
    return event;
  };

  test('are kept whatever their names, and however many of them there are', () => {
    const past = new PastEvents();
    const orders = [
      ...Array.from({ length: 5000 }, (_, number) => ['same', `name ${number}`]),
      Array.from({ length: 500 }, (_, number) => `field ${number}`),
      ['x'.repeat(10_000)],
      ['twice', 'twice'],
    ];
    const numbers = orders.map((names, sequence) => past.add(createEvent(names), sequence, ORIGIN));
    for (const [index, names] of orders.entries()) {
      const number = numbers[index]!;
      const { dynamicNames, dynamicValues } = past.read(number);
      expect(dynamicNames).toEqual(names);
      expect(dynamicValues).toEqual(names.map((_, place) => `value ${place}`));
      expect(past.dynamicCount(number)).toBe(names.length);
      const place = names.indexOf(names.at(-1)!);
      expect(past.compareField(number, names.at(-1)!, `value ${place}`)).toBe(Agreement.same);
      expect(past.compareField(number, 'none', 'value 0')).toBe(Agreement.missing);
    }
  });

  test('are made no sooner than somebody asks', () => {
    const past = new PastEvents();
    let listed = 0;
    const event = createEvent(['first']);
    event.addLazily({
      count: 2,
      get: (key) => (key === 'lazy' ? 'a' : null),
      list: (into) => {
        listed++;
        into('lazy', 'a');
        into('Other', 'b');
      },
    });
    const number = past.add(event, 0, ORIGIN);
    expect(past.dynamicCount(number)).toBe(3);
    expect(past.compareField(number, 'lazy', 'a')).toBe(Agreement.same);
    expect(listed).toBe(0);
    expect(past.compareField(number, 'other', 'b')).toBe(Agreement.same);
    expect(past.read(number).dynamicNames).toEqual(['first', 'lazy', 'Other']);
    expect(listed).toBe(1);
  });
});

test('the newest event that is too old is found wherever the clock went, while the oldest leave', () => {
  const step = fc.record({ time: fc.nat({ max: 60 }), leave: fc.nat({ max: 2 }), ask: fc.nat({ max: 70 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const lows = new Lows();
      const kept: { sequence: number; time: number }[] = [];
      for (const [sequence, { time, leave, ask }] of steps.entries()) {
        kept.push({ sequence, time });
        kept.splice(0, Math.min(leave, kept.length - 1));
        const oldest = kept[0]!.sequence;
        lows.add(sequence, time, oldest);
        const wanted = kept.findLast((event) => event.time < ask)?.sequence ?? -1;
        const found = lows.lastBefore(ask);
        // What has left may still be named: nothing that is kept lies before it.
        expect(found < oldest ? -1 : found).toBe(wanted);
      }
    }),
  );
});
