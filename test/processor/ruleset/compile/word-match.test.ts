import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileWordMatch } from '../../../../src/processor/ruleset/compile/word-match.ts';

test.each([
  ['web', 'syslog,web-log,', true],
  ['WEB', 'webcam,', true],
  ['^web', 'syslog,web,', false],
  ['^sys|web', 'syslog,x,', true],
  ['aab', 'aaab,', true],
  ['abcd', 'abc', false],
  ['', 'web,', false],
  ['|x', 'web,', false],
  ['x||y', 'web,', false],
  ['x|', 'web,', true],
  ['|', 'web,', true],
  ['^', 'web,', true],
  ['web$', 'web', false],
])('%j in %j', (pattern, text, found) => {
  expect(compileWordMatch(pattern)(text)).toBe(found);
});

test('finds what a search byte by byte finds', () => {
  const unit = fc.constantFrom(...'aab,^|-$');
  fc.assert(
    fc.property(
      fc.string({ unit, maxLength: 8 }),
      fc.string({ unit: fc.constantFrom(...'aab,-') }),
      (pattern, text) => {
        expect(compileWordMatch(pattern.toUpperCase())(text)).toBe(findSlowly(pattern, text));
      },
    ),
    { numRuns: 2000 },
  );
});

function findSlowly(pattern: string, text: string): boolean {
  if (pattern === '') return false;
  const words = pattern.split('|');
  return words.some((word, index) => {
    if (word === '') return index === words.length - 1;
    const anchored = word[0] === '^';
    const wanted = anchored ? word.slice(1) : word;
    for (let start = 0; start <= (anchored ? 0 : text.length - 1); start++) {
      let length = 0;
      while (length < wanted.length && text[start + length] === wanted[length]) length++;
      if (length === wanted.length) return true;
    }
    return false;
  });
}
