import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type OssecGolden, ossecExpected, ossecResult } from './ossec-result.ts';
import {
  CONFORMANCE,
  compileOssec,
  differences,
  hasConformance,
  OSSEC,
  openSession,
  readJsonLines,
  readLogLines,
  shorten,
  Tally,
} from './support.ts';

/** 2026-01-05 12:00:00 UTC, a Monday. */
const NOW = 1_767_614_400;

test.skipIf(!hasConformance)('real logs, ossec', { timeout: 600_000 }, () => {
  const ruleset = compileOssec();
  const tally = new Tally('ossec real-logs');
  for (const file of readdirSync(join(OSSEC, 'real-logs'))) {
    const name = file.replace('.expected.jsonl', '');
    const lines = readLogLines(join(CONFORMANCE, 'real-logs', `${name}.log`));
    const session = openSession(ruleset);
    for (const [index, golden] of readJsonLines<OssecGolden>(join(OSSEC, 'real-logs', file)).entries()) {
      const line = golden.truncated ? (lines[index] ?? '').slice(0, 6134) : (lines[index] ?? '');
      const verdict = session.send(line, NOW);
      const found = differences(ossecExpected(golden), ossecResult(verdict, golden));
      tally.add(
        found.length === 0,
        () => `${name}:${index + 1}: ${shorten(line)}\n  ${shorten(found.join('\n  '), 900)}`,
      );
    }
  }
  tally.report();
  expect(tally.right).toBe(tally.total);
});
