import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldAscii } from '../../../../src/processor/ruleset/matcher/ascii.ts';
import { LiteralFinder, MIN_LITERAL } from '../../../../src/processor/ruleset/matcher/literal-finder.ts';

const unit = fc.constantFrom(...'aab1 =:"\xe9\x00\x20`@[');
const literals = fc.uniqueArray(fc.string({ unit, minLength: MIN_LITERAL, maxLength: 19 }), { maxLength: 12 });
const parts = fc.array(fc.tuple(fc.nat(11), fc.string({ unit, maxLength: 3 })), { maxLength: 8 });

/** What a finder says of some texts, one after the other, against a search for one literal after the other. */
function compare(all: readonly string[], texts: readonly string[], many: number): number {
  const finder = new LiteralFinder(all, many);
  expect(finder.isFast).toBe(many === 0);
  const found = new Uint32Array(all.length);
  const list = new Uint32Array(all.length);
  let occurrences = 0;
  for (const [index, text] of texts.entries()) {
    const mark = index + 7;
    const count = finder.find(text, found, mark, list);
    const wanted = all.filter((literal) => foldAscii(text).includes(literal));
    occurrences += wanted.length;
    expect(Array.from(list.subarray(0, count), (id) => all[id]).sort()).toEqual(wanted.sort());
    expect(all.filter((_, id) => found[id] === mark).sort()).toEqual(wanted);
  }
  return occurrences;
}

describe.each([
  { code: 'WebAssembly', many: 0, numRuns: 400 },
  { code: 'JavaScript', many: Number.POSITIVE_INFINITY, numRuns: 1500 },
])('in $code', ({ many, numRuns }) => {
  test('finds exactly the literals that occur, whatever their case', () => {
    let occurrences = 0;
    const lines = fc.array(fc.tuple(parts, fc.boolean()), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(literals, lines, (all, drafts) => {
        const texts = drafts.map(([pieces, upper]) => {
          const line = pieces.map(([index, between]) => (all[index] ?? '') + between).join('');
          return upper ? line.replace(/[a-z]/g, (char) => char.toUpperCase()) : line;
        });
        occurrences += compare(all, texts, many);
      }),
      { numRuns },
    );
    expect(occurrences).toBeGreaterThan(numRuns * 2);
  });

  test('finds a literal wherever it stands, and no other', () => {
    const all = ['root', 'roots', 'a longer one, of more than sixteen bytes', 'gone'];
    const texts = [0, 1, 2, 3, 15, 31, 61, 62, 63, 64, 65, 66, 127, 500, 65_000].flatMap((before) =>
      all.slice(0, 3).flatMap((literal) => [' '.repeat(before) + literal, `${' '.repeat(before)}${literal}gon`]),
    );
    expect(compare(all, ['', 'roo', ...texts], many)).toBe((2 + 4 + 2) * 15);
  });

  test('finds in texts of any length', () => {
    const all = ['at the end', 'not there'];
    const texts = [65_525, 65_526, 65_527, 70_000].map((before) => `${'x'.repeat(before)}At the end`);
    expect(compare(all, texts, many)).toBe(4);
  });

  test('finds all of many literals in one text, also more than are compared at once', () => {
    const all = Array.from({ length: 3000 }, (_, index) => `key${index}=`);
    expect(compare(all, [all.join(' '), all.slice(0, 40).join('')], many)).toBe(3000 + 40);
  });

  test('forgets what an earlier, longer text held', () => {
    const all = ['root', 'user', 'fail'];
    expect(compare(all, ['a root and a user fail', 'roo', 'a roo', 'xroot', 'us', 'fai', 'fail'], many)).toBe(5);
  });
});
