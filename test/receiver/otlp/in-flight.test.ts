import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InFlight, type Ticket } from '../../../src/receiver/otlp/in-flight.ts';

describe('requests in flight', () => {
  it('of one sender leave room for others, by number', () => {
    const room = new InFlight(8, 1000);
    const loud = Array.from({ length: 6 }, () => room.enter(1, 'loud'));
    expect(() => room.enter(1, 'loud')).toThrow('of one sender');
    room.enter(1, 'quiet');
    loud[0]!.end();
    room.enter(1, 'loud');
  });

  it('of one sender leave room for others, by memory', () => {
    const room = new InFlight(100, 1000);
    room.enter(500, 'loud');
    room.enter(250, 'loud');
    expect(() => room.enter(1, 'loud')).toThrow('of one sender');
    room.enter(250, 'quiet');
    expect(() => room.enter(1, 'third')).toThrow('too much memory');
  });

  it('may be larger than the room when alone', () => {
    const room = new InFlight(100, 1000);
    room.enter(5000, 'only').end();
    expect([room.requests, room.bytes]).toEqual([0, 0]);
  });

  it('are never more than allowed, and are given back', async () => {
    const step = fc.record({ sender: fc.constantFrom('a', 'b', 'c'), bytes: fc.nat({ max: 400 }), end: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const room = new InFlight(8, 1000);
        const open: Ticket[] = [];
        for (const { sender, bytes, end } of steps) {
          if (end) open.shift()?.end();
          else {
            try {
              open.push(room.enter(bytes, sender));
            } catch {
              // No room.
            }
          }
          expect(room.requests).toBe(open.length);
          expect(room.requests).toBeLessThanOrEqual(8);
          expect(room.bytes).toBeLessThanOrEqual(1000);
        }
        for (const ticket of open) ticket.end();
        expect([room.requests, room.bytes]).toEqual([0, 0]);
      }),
    );
    await new InFlight(1, 1).idle();
  });
});
