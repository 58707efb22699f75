import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldAscii } from '../../../../src/processor/ruleset/matcher/ascii.ts';
import { bytesOf } from '../../../../src/processor/ruleset/matcher/byte-view.ts';
import { LiteralFinder, MIN_LITERAL } from '../../../../src/processor/ruleset/matcher/literal-finder.ts';

const unit = fc.constantFrom(...'aab1 =:"\xe9\x00\x20`@[');
const literals = fc.uniqueArray(fc.string({ unit, minLength: MIN_LITERAL, maxLength: 9 }), { maxLength: 12 });

test('finds exactly the literals that occur, whatever their case', () => {
  let occurrences = 0;
  fc.assert(
    fc.property(
      literals,
      fc.array(fc.tuple(fc.nat(11), fc.string({ unit, maxLength: 3 })), { maxLength: 5 }),
      fc.boolean(),
      (all, parts, upper) => {
        const line = parts.map(([index, between]) => (all[index] ?? '') + between).join('');
        const text = upper ? line.replace(/[a-z]/g, (char) => char.toUpperCase()) : line;
        const finder = new LiteralFinder(all);
        const found = new Uint32Array(all.length);
        const list = new Uint32Array(all.length);
        const count = finder.find(bytesOf(text), text.length, found, 7, list);
        const wanted = all.filter((literal) => foldAscii(text).includes(literal));
        occurrences += wanted.length;
        expect(Array.from(list.subarray(0, count), (id) => all[id]).sort()).toEqual(wanted.sort());
        expect(all.filter((_, id) => found[id] === 7).sort()).toEqual(wanted);
      },
    ),
    { numRuns: 3000 },
  );
  expect(occurrences).toBeGreaterThan(1500);
});
