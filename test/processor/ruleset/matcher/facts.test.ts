import { describe, expect, test } from 'vitest';
import { foldAscii } from '../../../../src/processor/ruleset/matcher/ascii.ts';
import {
  compileExpression,
  type ExpressionLanguage,
} from '../../../../src/processor/ruleset/matcher/compile-expression.ts';
import { type Matcher, MatchLimitError, PatternError } from '../../../../src/processor/ruleset/matcher/types.ts';
import { createRandom, type Random, testSeed } from '../../../support/random.ts';

/** What indexes are built on: each fact must hold for every text that matches. */
function brokenFacts(matcher: Matcher, text: string): string[] {
  const folded = foldAscii(text);
  const { requiredLiterals, exactTexts, leading, requiredBytes } = matcher;
  const broken: string[] = [];
  if (requiredLiterals && !requiredLiterals.some((literal) => folded.includes(literal)))
    broken.push('requiredLiterals');
  if (exactTexts && !exactTexts.includes(folded)) broken.push('exactTexts');
  if (leading && !leading.every((set, place) => place < text.length && set[text.charCodeAt(place)] === 1)) {
    broken.push('leading');
  }
  const holds = (list: readonly number[]) => list.every((byte) => folded.includes(String.fromCharCode(byte)));
  if (requiredBytes && !requiredBytes.some(holds)) broken.push('requiredBytes');
  return broken;
}

const PIECES: Readonly<Record<'osmatch' | 'osregex' | 'pcre2', readonly string[]>> = {
  osmatch: ['a', 'B', 'ab', ' ', ':', 'x'],
  osregex: [
    'a',
    'B',
    ':',
    ' ',
    '\\w',
    '\\w+',
    '\\d*',
    '\\.',
    '\\.+',
    '\\.*',
    '\\s',
    '\\s+',
    '\\S+',
    '\\t',
    '\\p*',
    '\\(',
    '(\\w+)',
    '(a)',
    '(\\S*)',
  ],
  pcre2: [
    'a',
    'B',
    ':',
    ' ',
    '\\w',
    '\\w+',
    '\\d*',
    '.',
    '.+',
    '.*?',
    '\\s',
    '[ab]',
    '[^a]+',
    '(?:a|B:)',
    '(a)?',
    '(\\w+)',
    '\\t',
    '(?i)k',
    's',
    '(?=a)',
    '(?!b)',
    'a{2,3}',
    '\\b',
  ],
};

function pattern(random: Random, language: keyof typeof PIECES): string {
  return Array.from({ length: random.int(1, 3) }, () => {
    const body = Array.from({ length: random.int(0, 5) }, () => random.pick(PIECES[language])).join('');
    return `${random.int(0, 1) ? '^' : ''}${body}${random.int(0, 3) === 0 ? '$' : ''}`;
  }).join('|');
}

const BYTES = ['a', 'A', 'b', 'B', ':', ' ', '\t', '1', '(', 'x', 'k', 'S', '\xe2\x84\xaa', '\xc5\xbf', '\n', '\xff'];

describe('facts that indexes are built on', () => {
  const seed = testSeed();
  const languages: ExpressionLanguage[] = ['osmatch', 'osregex', 'pcre2'];
  test.each(
    languages.flatMap((language) =>
      (['wazuh', 'ossec'] as const).flatMap((dialect) =>
        [true, false].map((captures) => [language, dialect, captures] as const),
      ),
    ),
  )(`%s, %s, captures %s, SEED=${seed}`, { timeout: 60_000 }, (language, dialect, captures) => {
    const random = createRandom(seed);
    let matches = 0;
    for (let index = 0; index < 3000; index++) {
      const written = pattern(random, language as keyof typeof PIECES);
      let matcher: Matcher;
      try {
        matcher = compileExpression({ language, pattern: written, dialect, captures });
      } catch (error) {
        if (error instanceof PatternError) continue;
        throw error;
      }
      for (let count = 0; count < 12; count++) {
        const text = Array.from({ length: random.int(0, 8) }, () => random.pick(BYTES)).join('');
        try {
          if (!matcher.test(text)) continue;
        } catch (error) {
          if (error instanceof MatchLimitError) continue;
          throw error;
        }
        matches++;
        expect(brokenFacts(matcher, text), `${written} on ${JSON.stringify(text)}`).toEqual([]);
      }
    }
    expect(matches).toBeGreaterThan(1000);
  });
});
