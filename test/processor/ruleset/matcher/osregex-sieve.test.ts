import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../../../src/processor/ruleset/matcher/byte-view.ts';
import { OsRegexSearcher } from '../../../../src/processor/ruleset/matcher/osregex/matcher.ts';
import { parseOsRegex } from '../../../../src/processor/ruleset/matcher/osregex/parse.ts';
import { buildProgram } from '../../../../src/processor/ruleset/matcher/osregex/program.ts';
import { Sieve } from '../../../../src/processor/ruleset/matcher/osregex/sieve.ts';
import { hasGoldens, readGoldens } from './goldens.ts';
import { matchOsRegex } from './reference/osregex.ts';

const token = fc.constantFrom(
  ...['\\d', '\\w', '\\s', '\\p', '\\W', '\\D', '\\S', '\\.', '\\t', '\\(', '\\<'],
  ...['a', 'B', '1', ' ', ':', '.', '-', '\xe9', '$', '^', '+', 'ab', 'a1'],
);
const quantified = fc.tuple(token, fc.constantFrom('', '', '+', '*')).map(([text, quantifier]) => text + quantifier);
const sequence = fc.array(quantified, { maxLength: 4 }).map((tokens) => tokens.join(''));
const piece = fc.tuple(sequence, fc.boolean()).map(([text, captured]) => (captured ? `(${text})` : text));
const alternative = fc
  .tuple(fc.constantFrom('', '', '', '^'), fc.array(piece, { maxLength: 3 }), fc.constantFrom('', '', '$'))
  .map(([begin, pieces, end]) => begin + pieces.join('') + end);
const patterns = fc.array(alternative, { minLength: 1, maxLength: 3 }).map((alternatives) => alternatives.join('|'));
const texts = fc.string({ unit: fc.constantFrom(...'aabABb11  ::.-()\t\xe9\0'), maxLength: 24 });

function sieveOf(pattern: string): Sieve {
  return new Sieve(parseOsRegex(pattern).map(buildProgram));
}

describe('the sieve of an OS_Regex pattern', () => {
  test('lets every text pass that matches, with captures and without', () => {
    let [matches, stopped] = [0, 0];
    fc.assert(
      fc.property(patterns, fc.array(texts, { minLength: 4, maxLength: 8 }), (pattern, subjects) => {
        const sieve = sieveOf(pattern);
        for (const text of subjects) {
          const alternatives = parseOsRegex(pattern);
          const found = matchOsRegex(alternatives, text, true) ?? matchOsRegex(alternatives, text, false);
          const passes = sieve.passes(bytesOf(text), 0, text.length);
          if (found) matches++;
          else if (!passes) stopped++;
          expect([pattern, text, found !== undefined && !passes]).toEqual([pattern, text, false]);
        }
      }),
      { numRuns: 2500 },
    );
    expect(matches).toBeGreaterThan(3000);
    expect(stopped).toBeGreaterThan(1500);
  }, 60_000);

  test.skipIf(!hasGoldens)(
    'lets every text pass that the original matches',
    () => {
      const sieves = new Map<string, Sieve>();
      let [matches, misses, stopped] = [0, 0, 0];
      for (const file of ['osregex', 'stock']) {
        for (const { pattern, subject, error, match, matchWithoutCaptures } of readGoldens(file, 'osregex')) {
          if (error) continue;
          if (!sieves.has(pattern)) sieves.set(pattern, sieveOf(pattern));
          const passes = sieves.get(pattern)!.passes(bytesOf(subject), 0, subject.length);
          const found = match || matchWithoutCaptures;
          if (found) matches++;
          else misses++;
          if (!passes) stopped++;
          if (found && !passes) expect([pattern, subject, passes]).toEqual([pattern, subject, true]);
        }
      }
      console.log(`sieve: all of ${matches} matches pass, ${stopped} of ${misses} others do not`);
      expect(stopped).toBeGreaterThan(misses / 2);
    },
    60_000,
  );

  test('begins at the byte where the search does', () => {
    const text = 'a1 b2 c3';
    expect(sieveOf('\\w+1').passes(bytesOf(text), 2, text.length)).toBe(false);
    expect(sieveOf('\\w+2').passes(bytesOf(text), 2, text.length)).toBe(true);
  });

  test('a pattern that has come to have one answers as before', () => {
    const pattern = '\\w+\\s+\\d\\d:\\d\\d:\\d+ %(\\w+)|\\d+\\p\\w+\\s*%(\\d+)';
    const filler = 'some text of a log, 12:34:5x %no, that is long enough to be looked at first; ';
    const endings = ['', 'at 12:34:56 %SYS', '12-ab %77', '12:34:56%', 'x 12:34 1'];
    const fresh = endings.map((ending) => new OsRegexSearcher(pattern).search(filler + ending, 0));
    expect(fresh.map((found) => found !== undefined)).toEqual([false, true, true, false, false]);
    const searcher = new OsRegexSearcher(pattern);
    for (let round = 0; round < 200; round++) expect(searcher.search(filler, 0)).toBeUndefined();
    expect(endings.map((ending) => searcher.search(filler + ending, 0))).toEqual(fresh);
  });
});
