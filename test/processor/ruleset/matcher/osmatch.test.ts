import { describe, expect, test } from 'vitest';
import { OsMatchMatcher } from '../../../../src/processor/ruleset/matcher/osmatch/matcher.ts';
import { hasGoldens, readGoldens } from './goldens.ts';

describe.skipIf(!hasGoldens)('OS_Match against the original engine', () => {
  test.each(['osmatch', 'stock'])('expr-%s', (file) => {
    const goldens = readGoldens(file, 'osmatch');
    const failures = goldens
      .filter(({ pattern, subject, match }) => new OsMatchMatcher(pattern).test(subject) !== match)
      .map(({ pattern, subject, match }) => `${JSON.stringify(pattern)} on ${JSON.stringify(subject)}: not ${match}`);
    console.log(`expr-${file}, osmatch: ${goldens.length - failures.length} of ${goldens.length}`);
    expect(failures.slice(0, 20)).toEqual([]);
  });
});

test.each([
  ['abc', 'xABCx', true],
  ['^abc', 'abcd', true],
  ['abc$', 'xabc', true],
  ['^abc$', 'abcd', false],
  ['a|b|^c$', 'zc', false],
  ['!abc', 'xyz', true],
  ['!a|b', 'b', false],
  ['a|!b', 'b', false],
  ['a.b', 'axb', false],
  ['a\\d', 'a1', false],
  ['^$', 'x', false],
  ['^$', '', true],
  ['x', '', false],
  ['', 'anything', true],
  ['a|', 'anything', true],
  ['!', 'anything', false],
  ['\xe9', 'x\xe9', false],
  ['^\xe9', '\xe9x', true],
])('%j on %j', (pattern, text, match) => {
  expect(new OsMatchMatcher(pattern).test(text)).toBe(match);
});

test.each([
  ['abc', ['abc']],
  ['^ABC|def$', ['abc', 'def']],
  ['a|', undefined],
  ['!abc', undefined],
  ['^$', undefined],
])('required literals of %j', (pattern, literals) => {
  expect(new OsMatchMatcher(pattern).requiredLiterals).toEqual(literals);
});
