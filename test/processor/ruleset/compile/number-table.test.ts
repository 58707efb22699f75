import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberLists, NumberTable } from '../../../../src/processor/ruleset/compile/number-table.ts';

const KEY = fc.oneof(fc.integer(), fc.nat(40), fc.constantFrom(0, -1, 0x7fffffff, -0x80000000));
const LISTS = fc.array(fc.array(fc.nat(), { maxLength: 5 }));

test('a table gives what a Map does, and leaves alone what stands before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(KEY, fc.array(fc.nat(), { maxLength: 5 }))), fc.array(KEY), (entries, others) => {
      const map = new Map(entries);
      const table = new NumberTable(map);
      expect(table.size).toBe(map.size);
      for (const key of [...map.keys(), ...others]) {
        const out = new Int32Array(10).fill(-7);
        const end = table.copy(key, out, 3);
        expect([...out.subarray(3, end)]).toEqual(map.get(key) ?? []);
        expect([...out.subarray(0, 3), ...out.subarray(end)].every((number) => number === -7)).toBe(true);
      }
    }),
  );
});

test('a key may have very many numbers', () => {
  const numbers = Array.from({ length: 300_000 }, (_, index) => index);
  const out = new Int32Array(numbers.length);
  expect(new NumberTable(new Map([[5, numbers]])).copy(5, out, 0)).toBe(numbers.length);
  expect(out.at(-1)).toBe(299_999);
});

test('lists stand behind each other', () => {
  fc.assert(
    fc.property(LISTS, (lists) => {
      const { starts, numbers } = new NumberLists(lists);
      expect(lists.map((_, at) => [...numbers.subarray(starts[at], starts[at + 1])])).toEqual(lists);
    }),
  );
});
