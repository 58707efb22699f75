import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldAscii } from '../../../../src/processor/ruleset/matcher/ascii.ts';
import { bytesOf } from '../../../../src/processor/ruleset/matcher/byte-view.ts';
import { OsRegexSearcher } from '../../../../src/processor/ruleset/matcher/osregex/matcher.ts';
import { PlaceFinder } from '../../../../src/processor/ruleset/matcher/place-finder.ts';

const literal = fc.string({ unit: fc.constantFrom(...'ab1=":'), minLength: 1, maxLength: 5 });
const literals = fc.uniqueArray(literal, { minLength: 1, maxLength: 40 });
const texts = fc.string({ unit: fc.constantFrom(...'aabAB1=": \xe9\0'), maxLength: 40 });

function find(wanted: readonly string[], text: string): number[] {
  const places = new Int32Array(wanted.length + 1).fill(77);
  new PlaceFinder(wanted).find(bytesOf(text), text.length, places);
  expect(places.at(-1)).toBe(77);
  return [...places.slice(0, -1)];
}

describe('first places of literals', () => {
  test('are those of indexOf', () => {
    fc.assert(
      fc.property(literals, texts, (wanted, text) => {
        const folded = foldAscii(text);
        expect(find(wanted, text)).toEqual(wanted.map((one) => folded.indexOf(one)));
      }),
      { numRuns: 2000 },
    );
  });

  test('of names that end alike', () => {
    expect(find(['ip=', 'srcip=', 'dstip="', 'p=', 'port='], 'a SrcIP=1 dstip="2" ip=3')).toEqual([5, 2, 10, 6, -1]);
  });

  test('are all a search needs', () => {
    const name = fc.constantFrom('a=', 'ab=', 'b="', 'a:1');
    const rest = fc.constantFrom('(\\.*)\\s', '(\\d+)', '\\w*$', '(\\S*)"', '\\p+b');
    const alternative = fc.tuple(fc.constantFrom('', '', '^', '\\s'), name, rest).map((parts) => parts.join(''));
    const patterns = fc.array(alternative, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join('|'));
    const words = fc.constantFrom('a=', 'AB=', 'ab="', ' ', '1', 'b', '"', 'a:1', '=', '\xe9');
    const logs = fc.array(words, { maxLength: 14 }).map((parts) => parts.join(''));
    let matches = 0;
    fc.assert(
      fc.property(patterns, logs, fc.nat(3), (pattern, text, skipped) => {
        const searcher = new OsRegexSearcher(pattern);
        const from = Math.min(skipped, text.length);
        const folded = foldAscii(text);
        const starts = Int32Array.from(searcher.starts, (start) => (start === '' ? 0 : folded.indexOf(start)));
        const found = searcher.search(text, from, undefined, starts);
        if (found) matches++;
        expect(found).toEqual(searcher.search(text, from));
      }),
      { numRuns: 3000 },
    );
    expect(matches).toBeGreaterThan(100);
  });
});
