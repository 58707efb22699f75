import { describe, expect, test } from 'vitest';
import { OsRegexMatcher, OsRegexSearcher } from '../../../../src/processor/ruleset/matcher/osregex/matcher.ts';
import { PatternError } from '../../../../src/processor/ruleset/matcher/types.ts';
import { type Golden, hasGoldens, readGoldens } from './goldens.ts';

describe.skipIf(!hasGoldens)('OS_Regex against the original engine', () => {
  test.each(['osregex', 'stock'])('expr-%s', (file) => {
    const goldens = readGoldens(file, 'osregex');
    const failures = goldens.map(check).filter((failure) => failure !== undefined);
    console.log(`expr-${file}, osregex: ${goldens.length - failures.length} of ${goldens.length}`);
    expect(failures.slice(0, 20)).toEqual([]);
  });
});

function check(golden: Golden): string | undefined {
  const { pattern, subject } = golden;
  const name = `${JSON.stringify(pattern)} on ${JSON.stringify(subject)}`;
  if (golden.error) {
    for (const compile of [OsRegexMatcher, OsRegexSearcher]) {
      try {
        new compile(pattern);
        return `${name}: compiles`;
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
      }
    }
    return undefined;
  }
  const result = new OsRegexSearcher(pattern).search(subject, 0);
  if (golden.crash) return result === undefined ? undefined : `${name}: no crash case`;
  const resume = golden.end === undefined ? undefined : Math.min(golden.end! + 1, subject.length);
  const expected = golden.match ? { resume, captures: golden.subs } : undefined;
  if (JSON.stringify(result) !== JSON.stringify(expected)) {
    return `${name}: ${JSON.stringify(result)} instead of ${JSON.stringify(expected)}`;
  }
  const matcher = new OsRegexMatcher(pattern);
  if (matcher.test(subject) !== golden.matchWithoutCaptures) return `${name}: without captures`;
  if (golden.matchWithoutCaptures && matcher.requiredLiterals) {
    const folded = subject.replace(/[A-Z]/g, (char) => char.toLowerCase());
    if (!matcher.requiredLiterals.some((literal) => folded.includes(literal))) return `${name}: required literals`;
  }
  return undefined;
}
