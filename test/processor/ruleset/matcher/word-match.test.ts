import { expect, test } from 'vitest';
import { WordMatcher } from '../../../../src/processor/ruleset/matcher/word-match.ts';

test.each([
  ['web', 'syslog,web-log,', true],
  ['WEB', 'webcam,', true],
  ['^web', 'syslog,web,', false],
  ['^sys|web', 'syslog,x,', true],
  ['aab', 'aaab,', true],
  ['abcd', 'abc', false],
  ['', 'web,', false],
  ['|x', 'web,', false],
  ['web$', 'web', false],
])('%j in %j', (pattern, text, found) => {
  expect(new WordMatcher(pattern).test(text)).toBe(found);
});
