import { join } from 'node:path';
import { describe, test } from 'vitest';
import { type OssecGolden, ossecExpected, ossecResult } from './ossec-result.ts';
import {
  COMPATS,
  compileOssec,
  differences,
  hasConformance,
  OSSEC,
  openSession,
  readJsonLines,
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

describe.skipIf(!hasConformance)('the stock rule tests of OSSEC', () => {
  test.each(COMPATS)('%s', { timeout: 120_000 }, (compat) => {
    const ruleset = compileOssec(compat);
    const tally = new Tally(`ossec tests, ${compat}`);
    for (const one of readJsonLines<Case>(join(OSSEC, 'tests', 'expected.jsonl'))) {
      const session = openSession(ruleset);
      const found: string[] = [];
      for (const [index, log] of one.logs.entries()) {
        const golden = one.results[index]!;
        const actual = ossecResult(session.send(toBytes(log), NOW), golden);
        found.push(...differences(ossecExpected(golden), actual).map((text) => `log ${index}: ${text}`));
      }
      tally.add(`${one.file} / ${one.section} / ${one.name}`, found);
    }
    tally.finish();
  });
});
