import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { type LogtestResult, toLogtestResult } from '../../src/processor/ruleset/evaluate/logtest-json.ts';
import {
  COMPATS,
  CONFORMANCE,
  compileWazuh,
  differences,
  hasConformance,
  openSession,
  readJsonLines,
  readLogLines,
  shorten,
  Tally,
  WAZUH,
} from './support.ts';

type Golden = LogtestResult & { readonly not_utf8?: boolean };

const NOW = 1_700_000_000;

/** 59 files of real lines, each whole file one session, the clock standing still. */
describe.skipIf(!hasConformance)('real logs, wazuh', () => {
  test.each(COMPATS)('%s', { timeout: 600_000 }, (compat) => {
    const ruleset = compileWazuh({ compat });
    const tally = new Tally(`wazuh real-logs, ${compat}`);
    for (const file of readdirSync(join(WAZUH, 'real-logs'))) {
      const name = file.replace('.expected.jsonl', '');
      const lines = readLogLines(join(CONFORMANCE, 'real-logs', `${name}.log`));
      const session = openSession(ruleset);
      for (const [index, golden] of readJsonLines<Golden>(join(WAZUH, 'real-logs', file)).entries()) {
        const line = lines[index] ?? '';
        const { full_log: _log, ...actual } = toLogtestResult(session.send(line, NOW), 'wazuh');
        const { not_utf8, ...expected } = golden;
        const found = not_utf8
          ? differences(essentials(expected), essentials(actual))
          : differences({ ...expected }, actual);
        tally.add(`${name}:${index + 1}`, found.length === 0 ? found : [...found, shorten(line)]);
      }
    }
    tally.finish();
  });
});

function essentials(result: LogtestResult): Record<string, unknown> {
  return { decoder: result.decoder, rule: result.rule?.id, level: result.rule?.level, alert: result.alert };
}
