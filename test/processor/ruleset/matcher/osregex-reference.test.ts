import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OsRegexMatcher, OsRegexSearcher } from '../../../../src/processor/ruleset/matcher/osregex/matcher.ts';
import { parseOsRegex } from '../../../../src/processor/ruleset/matcher/osregex/parse.ts';
import { MatchLimitError, type SearchResult } from '../../../../src/processor/ruleset/matcher/types.ts';
import { type Golden, hasGoldens, readGoldens } from './goldens.ts';
import { matchOsRegex } from './reference/osregex.ts';

/** The result as a decoder gets it, from the reference. */
function searchReference(pattern: string, text: string): SearchResult | undefined {
  const found = matchOsRegex(parseOsRegex(pattern), text, true);
  if (!found) return undefined;
  const captures: string[] = [];
  for (let i = 0; i + 1 < found.places.length; i += 2) {
    const [open, close] = [found.places[i], found.places[i + 1]];
    if (open === undefined || close === undefined) break;
    if (close < open) return undefined;
    captures.push(text.slice(open, close));
  }
  return { resume: Math.min(found.end + 1, text.length), captures };
}

const token = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('\\d', '\\w', '\\s', '\\p', '\\W', '\\D', '\\S', '\\.', '\\t', '\\(', '\\<'),
  },
  { weight: 3, arbitrary: fc.constantFrom('a', 'B', '1', ' ', ':', '.', '-', '\xe9', '$', '^', '+') },
);
const quantified = fc.tuple(token, fc.constantFrom('', '', '+', '*')).map(([text, quantifier]) => text + quantifier);
const run = fc.array(quantified, { maxLength: 3 }).map((tokens) => tokens.join(''));
const piece = fc.tuple(run, fc.boolean()).map(([text, captured]) => (captured ? `(${text})` : text));
const alternative = fc
  .tuple(fc.constantFrom('', '', '^'), fc.array(piece, { maxLength: 4 }), fc.constantFrom('', '', '$'))
  .map(([begin, pieces, end]) => begin + pieces.join('') + end);
const patterns = fc.array(alternative, { minLength: 1, maxLength: 3 }).map((alternatives) => alternatives.join('|'));
const texts = fc.string({ unit: fc.constantFrom(...'aaB11  ::.-()\t\xe9\0'), maxLength: 14 });
/** One that begins with a literal of some bytes, as most do. */
const named = fc
  .tuple(
    fc.constantFrom('a1', 'ab:', 'B', 'a(', '(a', '\\pab1', '\\wb1 ', '\\.11:', '\\Saab'),
    fc.array(quantified, { maxLength: 4 }),
    fc.constantFrom('', '$'),
  )
  .map(([name, tokens, end]) => `${name}${tokens.join('')}${name.includes('(') ? ')' : ''}${end}`);
const longTexts = fc
  .array(fc.constantFrom('ab1', 'AAB', '11:', 'b1 ', 'ab:', ...'aabABb11  ::.-()\t\xe9\0'), { maxLength: 24 })
  .map((parts) => parts.join(''));

describe('OS_Regex and its reference', () => {
  test('agree on any pattern', () => {
    fc.assert(
      fc.property(patterns, fc.array(texts, { minLength: 1, maxLength: 6 }), (pattern, subjects) => {
        const searcher = new OsRegexSearcher(pattern);
        const matcher = new OsRegexMatcher(pattern);
        for (const text of subjects) {
          expect(searcher.search(text, 0)).toEqual(searchReference(pattern, text));
          expect(matcher.test(text)).toBe(matchOsRegex(parseOsRegex(pattern), text, false) !== undefined);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('agree on patterns with a name in front', () => {
    let matches = 0;
    fc.assert(
      fc.property(named, fc.array(longTexts, { minLength: 4, maxLength: 8 }), (pattern, subjects) => {
        const searcher = new OsRegexSearcher(pattern);
        for (const text of subjects) {
          const found = searcher.search(text, 0);
          if (found) matches++;
          expect([pattern, text, found]).toEqual([pattern, text, searchReference(pattern, text)]);
        }
      }),
      { numRuns: 3000 },
    );
    expect(matches).toBeGreaterThan(300);
  });

  test('a text that takes too long is given up', () => {
    expect(() => new OsRegexSearcher('a\\S+\\t\\d').search(`${'a'.repeat(6000)} b`, 0)).toThrow(MatchLimitError);
  });

  test('searching from an offset is searching the rest', () => {
    fc.assert(
      fc.property(patterns, texts, texts, (pattern, before, text) => {
        const found = new OsRegexSearcher(pattern).search(before + text, before.length);
        const alone = new OsRegexSearcher(pattern).search(text, 0);
        expect(found).toEqual(alone && { ...alone, resume: alone.resume + before.length });
      }),
    );
  });

  test('every matching text has a required literal', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        const matcher = new OsRegexMatcher(pattern);
        if (!matcher.requiredLiterals || !matcher.test(text)) return;
        const folded = text.replace(/[A-Z]/g, (char) => char.toLowerCase());
        expect(matcher.requiredLiterals.some((literal) => folded.includes(literal))).toBe(true);
      }),
    );
  });

  test.skipIf(!hasGoldens)('the reference equals the original engine', () => {
    for (const file of ['osregex', 'stock']) {
      const goldens = readGoldens(file, 'osregex').filter(({ error }) => !error);
      const failures = goldens.filter((golden) => !agrees(golden));
      console.log(`expr-${file}, osregex reference: ${goldens.length - failures.length} of ${goldens.length}`);
      expect(failures).toEqual([]);
    }
  });
});

function agrees({ pattern, subject, match, end, subs, crash, matchWithoutCaptures }: Golden): boolean {
  const found = searchReference(pattern, subject);
  if (crash) return found === undefined;
  const expected = match ? { resume: Math.min(end! + 1, subject.length), captures: subs } : undefined;
  const bare = matchOsRegex(parseOsRegex(pattern), subject, false);
  return JSON.stringify(found) === JSON.stringify(expected) && (bare !== undefined) === matchWithoutCaptures;
}

describe('documented behaviour', () => {
  test.each([
    ['^foo', 'foo bar', ' bar'],
    ['^foo ', 'foo bar', 'bar'],
    ['^foo\\d+', 'foo123 bar', 'bar'],
    ['foo\\s+', 'foo   bar', 'ar'],
    ['^foo\\d*', 'foo bar', ' bar'],
    ['^foo\\d+', 'foo123', '23'],
    ['\\.+', '123 Test', '23 Test'],
    ['^(\\S+) ', 'abc def', 'def'],
    ['from (\\S+) port (\\d+)', 'from 10.0.0.1 port 22 ssh2', '2 ssh2'],
    ['', 'any', 'ny'],
  ])('%j on %j goes on at %j', (pattern, text, rest) => {
    expect(text.slice(new OsRegexSearcher(pattern).search(text, 0)!.resume)).toBe(rest);
  });

  test.each([
    ['\\n', '"\\n" is not known to osregex', 0],
    ['a(b|c)', 'needs type="pcre2"', 3],
    ['a((b))', 'needs type="pcre2"', 2],
    ['(a', '"(" without ")"', 0],
    ['a)', '")" without "("', 1],
    ['a\\', 'ends in a backslash', 1],
  ])('%j is refused', (pattern, message, offset) => {
    try {
      new OsRegexMatcher(pattern);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ name: 'PatternError', offset, message: expect.stringContaining(message) });
    }
  });

  test('the case that crashes the original is no match', () => {
    expect(new OsRegexSearcher(' (\\S*)$').search('x  ', 0)).toBeUndefined();
  });
});
