import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { type OssecGolden, ossecExpected, ossecResult } from './ossec-result.ts';
import {
  COMPATS,
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

describe.skipIf(!hasConformance)('real logs, ossec', () => {
  test.each(COMPATS)('%s', { timeout: 600_000 }, (compat) => {
    const ruleset = compileOssec(compat);
    const tally = new Tally(`ossec real-logs, ${compat}`);
    for (const file of readdirSync(join(OSSEC, 'real-logs'))) {
      const name = file.replace('.expected.jsonl', '');
      const lines = readLogLines(join(CONFORMANCE, 'real-logs', `${name}.log`));
      const session = openSession(ruleset);
      for (const [index, golden] of readJsonLines<OssecGolden>(join(OSSEC, 'real-logs', file)).entries()) {
        const line = golden.truncated ? (lines[index] ?? '').slice(0, 6134) : (lines[index] ?? '');
        const verdict = session.send(line, NOW);
        const found = differences(ossecExpected(golden), ossecResult(verdict, golden));
        // Lines of one byte are events unless strict.
        if (golden.skipped && compat === 'default') continue;
        tally.add(`${name}:${index + 1}`, found.length === 0 ? found : [...found, shorten(line)]);
      }
    }
    tally.finish();
  });
});
