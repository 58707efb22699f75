import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type OssecGolden, ossecExpected, ossecResult } from './ossec-result.ts';
import {
  compileOssec,
  differences,
  hasConformance,
  OSSEC,
  openSession,
  readJsonLines,
  shorten,
  Tally,
  toBytes,
} from './support.ts';

interface Case {
  readonly file: string;
  readonly section: string;
  readonly name: string;
  readonly logs: readonly string[];
  readonly results: readonly OssecGolden[];
}

const NOW = 1_767_614_400;

test.skipIf(!hasConformance)('the stock rule tests of OSSEC', { timeout: 120_000 }, () => {
  const ruleset = compileOssec();
  const tally = new Tally('ossec tests');
  for (const one of readJsonLines<Case>(join(OSSEC, 'tests', 'expected.jsonl'))) {
    const session = openSession(ruleset);
    const found: string[] = [];
    for (const [index, log] of one.logs.entries()) {
      const golden = one.results[index]!;
      const actual = ossecResult(session.send(toBytes(log), NOW), golden);
      found.push(...differences(ossecExpected(golden), actual).map((text) => `  log ${index}: ${text}`));
    }
    tally.add(
      found.length === 0,
      () => `${one.file} / ${one.section} / ${one.name}\n${shorten(found.join('\n'), 1500)}`,
    );
  }
  tally.report();
  expect(tally.right).toBe(tally.total);
});
