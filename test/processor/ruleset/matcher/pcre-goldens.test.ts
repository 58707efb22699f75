import { describe, expect, test } from 'vitest';
import { compileExpression } from '../../../../src/processor/ruleset/matcher/compile-expression.ts';
import { PatternError } from '../../../../src/processor/ruleset/matcher/types.ts';
import { type Golden, hasGoldens, readGoldens } from './goldens.ts';

describe.skipIf(!hasGoldens)('PCRE2 against the original engine', () => {
  test.each(['pcre2', 'stock'])('expr-%s', (file) => {
    const goldens = readGoldens(file, 'pcre2');
    const failures = goldens.map(check).filter((failure) => failure !== undefined);
    console.log(`expr-${file}, pcre2: ${goldens.length - failures.length} of ${goldens.length}`);
    expect(failures.slice(0, 20)).toEqual([]);
  });
});

function check(golden: Golden): string | undefined {
  const { pattern, subject, error } = golden;
  const name = `${JSON.stringify(pattern)} on ${JSON.stringify(subject)}`;
  try {
    const searcher = compileExpression({ language: 'pcre2', pattern, dialect: 'wazuh', captures: true });
    const matcher = compileExpression({ language: 'pcre2', pattern, dialect: 'wazuh', captures: false });
    if (error) return `${name}: compiles`;
    const result = searcher.search(subject, 0);
    const expected = golden.match ? { resume: golden.end! + 1, captures: golden.subs } : undefined;
    if (JSON.stringify(result) !== JSON.stringify(expected)) {
      return `${name}: ${JSON.stringify(result)} instead of ${JSON.stringify(expected)}`;
    }
    return matcher.test(subject) === golden.match ? undefined : `${name}: test is not ${golden.match}`;
  } catch (thrown) {
    if (!(thrown instanceof PatternError)) throw thrown;
    return error ? undefined : `${name}: ${thrown.message}`;
  }
}
