import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinearPattern } from '../../../src/config/pattern/linear-pattern.ts';

const test = (pattern: string, text: string) => new LinearPattern(pattern).test(text);

describe('says what RegExp says', () => {
  const atom = fc.constantFrom(
    ...['a', 'b', 'c', '.', '\\d', '\\w', '\\s', '\\S', '[a-b]', '[^a]', '[]', '[^]', '[\\]b-]', '\\.', '\\u{1F600}'],
    ...['\\ud83d\\ude00', '\\u00e9', '\\x41', '\\cJ', '\\t', '\\p{Lu}', '\\P{L}', 'ß', '😀', ' ', '\\/', '1', '\\0'],
  );
  const assertion = fc.constantFrom('^', '$', '\\b', '\\B');
  const quantifier = fc.constantFrom(
    '',
    '',
    '',
    '*',
    '+',
    '?',
    '*?',
    '+?',
    '??',
    '{2}',
    '{0}',
    '{1,}',
    '{0,2}',
    '{1,3}?',
  );
  const { pattern } = fc.letrec<{ pattern: string; piece: string; sequence: string }>((tie) => ({
    piece: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 4, arbitrary: fc.tuple(atom, quantifier).map((parts) => parts.join('')) },
      { weight: 1, arbitrary: assertion },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom('(', '(?:', '(?<n>'), tie('pattern'), quantifier)
          .map(([open, inside, times]) => `${open}${inside})${times}`),
      },
    ),
    sequence: fc.array(tie('piece'), { maxLength: 4 }).map((items) => items.join('')),
    pattern: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((items) => items.join('|')),
  }));
  const text = fc.array(fc.constantFrom(...'abcABé1. \n\t\r\0ß😀]-/', 'a', 'b', 'aa', '\u017f'), { maxLength: 8 });

  it.each([
    ['u', ''],
    ['iu', '(?i)'],
  ])('with flags %s', (flags, prefix) => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 6 }), (source, texts) => {
        // Two groups of one name.
        fc.pre(source.split('(?<n>').length <= 2);
        const native = new RegExp(source, flags);
        const linear = compileShort(`${prefix}${source}`);
        fc.pre(linear !== undefined);
        for (const parts of texts) expect(linear?.test(parts.join(''))).toBe(native.test(parts.join('')));
      }),
      { numRuns: 1500 },
    );
  });

  it.each([
    ['^\\d{4}-\\d{2}-\\d{2}', '2026-01-02 begins', true],
    ['^\\d{4}-\\d{2}-\\d{2}', ' at 2026-01-02', false],
    ['^\\[?(?:DEBUG|INFO|WARN)', 'WARN x', true],
    ['^[^\\s]', '\tat java', false],
    ['(?i)^error', 'ERROR: x', true],
    [';$', 'SELECT 1;', true],
    ['(?:){1000000000}x', 'x', true],
    ['\\/path', '/path', true],
  ])('%s on %j', (pattern, text, expected) => {
    expect(test(pattern, text)).toBe(expected);
  });
});

it.each([
  ['(a+)+$', `${'a'.repeat(4095)}!`],
  ['^(a|aa|a+)+b', 'a'.repeat(4096)],
  ['(x+x+)+y', 'x'.repeat(4096)],
  ['.*.*.*.*=.*', ' '.repeat(4096)],
])('takes no longer for %s: each character is looked at once', (pattern, text) => {
  expect(test(pattern, text)).toBe(false);
});

it.each([
  ['(a', /Unterminated group/],
  ['^(?!\\s)', /"\(\?!" looks around, which takes more than one pass/],
  ['(?<=a)b', /"\(\?<=" looks around/],
  ['(a)\\1', /"\\1" refers back to a group/],
  ['(?<n>a)\\k<n>', /"\\k" refers back to a group/],
  ['(?:a{50}){50}', /is too long: with its repetitions written out it has more than 2000 steps/],
  ['a{1000000000}', /is too long/],
  [`${'('.repeat(300)}${')'.repeat(300)}`, /nested deeper than 200/],
])('refuses %s', (pattern, message) => {
  expect(() => new LinearPattern(pattern)).toThrow(message);
});

/** Undefined where repetitions of repetitions are too many. */
function compileShort(source: string): LinearPattern | undefined {
  try {
    return new LinearPattern(source);
  } catch (error) {
    if (String(error).includes('is too long')) return undefined;
    throw error;
  }
}
