import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldAscii } from '../../../../src/processor/ruleset/matcher/ascii.ts';
import { compileExpression, type Expression } from '../../../../src/processor/ruleset/matcher/compile-expression.ts';
import { convertOsMatch, convertOsRegex } from '../../../../src/processor/ruleset/matcher/ossec/convert.ts';
import { MatchLimitError, PatternError, type Searcher } from '../../../../src/processor/ruleset/matcher/types.ts';

const LANGUAGES = ['osregex', 'osmatch', 'pcre2'] as const;
const DIALECTS = ['wazuh', 'ossec'] as const;
const KINDS = LANGUAGES.flatMap((language) => DIALECTS.map((dialect) => ({ language, dialect })));

const piece = fc.constantFrom(
  ...['a', 'b', 'B', '1', ' ', '.', ':', '-', '!', '^', '$', '|', '(', ')', '[', ']', '{', '}', '?', '+', '*', '\\'],
  ...[
    '\\d',
    '\\d+',
    '\\w+',
    '\\S+',
    '\\s*',
    '\\.*',
    '\\.+',
    '\\p',
    '\\D',
    '\\W',
    '(\\w+)',
    '(a|b)',
    '(?:',
    '\xe9',
    '\n',
  ],
);
const patterns = fc.array(piece, { maxLength: 7 }).map((parts) => parts.join(''));
const texts = fc.string({ unit: fc.constantFrom(...'aabB11  .:-!(\n\xe9\xc3'), maxLength: 16 });

function compile(expression: Omit<Expression, 'captures'>): Searcher | undefined {
  try {
    return compileExpression({ ...expression, captures: true });
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}

describe.each(KINDS)('any $language pattern of $dialect', ({ language, dialect }) => {
  test('compiles or is a PatternError, and what it promises about its matches holds', () => {
    let matches = 0;
    fc.assert(
      fc.property(patterns, fc.array(texts, { minLength: 1, maxLength: 6 }), (pattern, subjects) => {
        const searcher = compile({ language, dialect, pattern });
        if (!searcher) return;
        const matcher = compileExpression({ language, dialect, pattern, captures: false });
        for (const text of subjects) {
          const folded = foldAscii(text);
          const matched = matcher.test(text);
          expect(matcher.test(text, folded)).toBe(matched);
          const found = searcher.search(text, 0);
          expect(searcher.search(text, 0, folded)).toEqual(found);
          expect(searcher.test(text)).toBe(found !== undefined);
          if (found) expect(found.resume).toBeLessThanOrEqual(text.length);
          if (matched) matches++;
          if (matched) checkPromises(matcher, text, folded);
          if (found) checkPromises(searcher, text, folded);
        }
      }),
      { numRuns: 4000 },
    );
    expect(matches).toBeGreaterThan(300);
  });

  test('any bytes at all are a pattern or a PatternError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (pattern, text) => {
        const searcher = compile({ language, dialect, pattern: Buffer.from(pattern).toString('latin1') });
        searcher?.search(Buffer.from(text).toString('latin1'), 0);
      }),
      { numRuns: 2000 },
    );
  });

  test('long texts end with an answer or a MatchLimitError', () => {
    const hard = fc.array(fc.constantFrom('\\S+', '(\\w+)', '\\.*', '(a+)+', '(a|aa)+', 'a*', '\\w*a', 'b', '$'), {
      minLength: 2,
      maxLength: 5,
    });
    fc.assert(
      fc.property(hard, fc.constantFrom('a', 'ab', 'a ', 'aB1'), (parts, unit) => {
        const searcher = compile({ language, dialect, pattern: parts.join('') });
        try {
          searcher?.search(`${unit.repeat(2000)}!`, 0);
        } catch (error) {
          if (!(error instanceof MatchLimitError)) throw error;
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

/** Indexes leave a pattern out where these say that it cannot match: a wrong one loses alerts. */
function checkPromises(
  { requiredLiterals, exactTexts, leading }: Partial<Searcher>,
  text: string,
  folded: string,
): void {
  if (requiredLiterals) expect(requiredLiterals.some((literal) => folded.includes(literal))).toBe(true);
  if (exactTexts) expect(exactTexts).toContain(folded);
  for (const [place, bytes] of (leading ?? []).entries()) expect(bytes[text.charCodeAt(place)]).toBe(1);
}

describe('against a slow reference', () => {
  test('OS_Match of Wazuh', () => {
    const ascii = fc.string({ unit: fc.constantFrom(...'aabB1^$|!. '), maxLength: 9 });
    fc.assert(
      fc.property(ascii, ascii, (pattern, text) => {
        const matcher = compileExpression({ language: 'osmatch', dialect: 'wazuh', pattern, captures: false });
        expect(matcher.test(text)).toBe(osMatch(pattern, text));
      }),
      { numRuns: 10_000 },
    );
  });

  /** The patterns they are turned into, run by another engine; both know what is used of the language. */
  test.each(['osregex', 'osmatch'] as const)('%s of OSSEC', (language) => {
    const ascii = fc.string({ unit: fc.constantFrom(...'aabB11  .:-!(\n'), maxLength: 12 });
    let compared = 0;
    fc.assert(
      fc.property(patterns, fc.array(ascii, { minLength: 1, maxLength: 4 }), (pattern, subjects) => {
        // Plain and octal escapes mean other things to JavaScript, `(?:` and `a+?` come from no OS_Regex.
        if (/[\x80-\xff]|\(\?/.test(pattern)) return;
        const searcher = compile({ language, dialect: 'ossec', pattern });
        const converted = searcher && (language === 'osregex' ? convertOsRegex(pattern) : convertOsMatch(pattern));
        // A quantified assertion is an error there.
        const expression = converted === undefined ? undefined : tryRegExp(converted);
        if (!searcher || !expression) return;
        for (const text of subjects) {
          // Before a newline at the end `$` matches in PCRE2, and not in JavaScript.
          if (text.endsWith('\n') && converted?.includes('$')) continue;
          compared++;
          const match = expression.exec(text);
          const captures = match?.slice(1).filter((capture) => capture !== undefined);
          const found = searcher.search(text, 0);
          const shown = `${JSON.stringify(pattern)} on ${JSON.stringify(text)}`;
          expect([shown, found !== undefined]).toEqual([shown, match !== null]);
          if (match && captures?.length === match.length - 1)
            expect([shown, found?.captures]).toEqual([shown, captures]);
        }
      }),
      { numRuns: 4000 },
    );
    expect(compared).toBeGreaterThan(1000);
  });
});

function tryRegExp(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'i');
  } catch {
    return undefined;
  }
}

/** Section 5.3 of the reference, as it stands there. */
function osMatch(pattern: string, text: string): boolean {
  const negated = pattern.startsWith('!');
  const lower = text.toLowerCase();
  const some = (negated ? pattern.slice(1) : pattern)
    .toLowerCase()
    .split('|')
    .some((part) => {
      const begin = part.startsWith('^');
      const rest = begin ? part.slice(1) : part;
      const end = rest.endsWith('$');
      const word = end ? rest.slice(0, -1) : rest;
      // `^` and `$` alone match everything.
      if (word === '' && !(begin && end)) return true;
      if (begin && end) return lower === word;
      return begin ? lower.startsWith(word) : end ? lower.endsWith(word) : lower.includes(word);
    });
  return some !== negated;
}
