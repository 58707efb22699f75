import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteArena, RECORD_HEAD, wordOf } from '../../../../src/processor/ruleset/evaluate/state/byte-arena.ts';

const CHUNK = 65_536;

/** Records of whole numbers that say whose they are. */
class Records {
  readonly addresses = new Map<number, number>();
  readonly arena = new ByteArena((owner, address) => this.addresses.set(owner, address));
  private next = 0;

  add(words: number): void {
    const owner = this.next++;
    const address = this.arena.allocate(words, owner);
    this.addresses.set(owner, address);
    const at = wordOf(address);
    this.arena.chunkOf(address).words.fill(owner, at + RECORD_HEAD, at + words);
  }

  remove(owner: number): void {
    this.arena.free(this.addresses.get(owner)!);
    this.addresses.delete(owner);
  }

  /** Words of all that is kept; throws where a record is not as it was written. */
  check(): number {
    let sum = 0;
    for (const [owner, address] of this.addresses) {
      const { words } = this.arena.chunkOf(address);
      const at = wordOf(address);
      expect(words[at]).toBe(owner);
      const length = words[at + 1]!;
      const other = words.subarray(at + RECORD_HEAD, at + length).findIndex((word) => word !== owner);
      expect(other).toBe(-1);
      sum += length;
    }
    return sum;
  }
}

const size = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: RECORD_HEAD, max: 4000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 20_000, max: CHUNK }) },
  { weight: 1, arbitrary: fc.integer({ min: CHUNK + 1, max: 2 * CHUNK }) },
);

describe('records of bytes', () => {
  test('stay as they were while others come and go in any order', () => {
    const step = fc.record({
      add: fc.array(size, { maxLength: 40, size: 'max' }),
      forget: fc.array(fc.nat(), { maxLength: 45, size: 'max' }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25, size: 'max' }), (steps) => {
        const records = new Records();
        for (const { add, forget } of steps) {
          for (const words of add) records.add(words);
          for (const number of forget) {
            const owners = [...records.addresses.keys()];
            if (owners.length > 0) records.remove(owners[number % owners.length]!);
          }
          records.check();
        }
      }),
      { numRuns: 40 },
    );
  });

  test('take no more than half as much again as is kept, and some chunks', () => {
    const records = new Records();
    // One in ten stays for good, wherever it lies.
    for (let owner = 0; owner < 20_000; owner++) {
      records.add(200);
      if (owner >= 500 && (owner - 500) % 10 !== 0) records.remove(owner - 500);
    }
    expect(records.arena.words).toBeLessThan(1.5 * records.check() + 4 * CHUNK);
  });

  test('give everything back', () => {
    const records = new Records();
    for (let owner = 0; owner < 5000; owner++) records.add(owner % 100 === 0 ? 2 * CHUNK : 100);
    for (let owner = 0; owner < 5000; owner++) records.remove(owner);
    expect(records.arena.words).toBeLessThanOrEqual(5 * CHUNK);
  });
});
