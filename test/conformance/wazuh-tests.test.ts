import { join } from 'node:path';
import { describe, test } from 'vitest';
import { type LogtestResult, toLogtestResult } from '../../src/processor/ruleset/evaluate/logtest-json.ts';
import {
  COMPATS,
  compileWazuh,
  differences,
  hasConformance,
  openSession,
  readJsonLines,
  readSource,
  Tally,
  toBytes,
  WAZUH,
  xmlFiles,
} from './support.ts';

interface Case {
  readonly file: string;
  readonly section: string;
  readonly name: string;
  readonly logs: readonly string[];
  readonly results: readonly LogtestResult[];
}

const NOW = 1_700_000_000;

/** The stock rule tests: the extra files and the patched Windows rules are loaded for all, each case a fresh session. */
describe.skipIf(!hasConformance)('the stock rule tests of Wazuh', () => {
  test.each(COMPATS)('%s', { timeout: 300_000 }, (compat) => {
    const extra = xmlFiles(join(WAZUH, 'tests', 'ruleset')).filter((path) => !path.includes('geoip'));
    const ruleset = compileWazuh({
      compat,
      decoders: extra.filter((path) => path.endsWith('_decoders.xml')).map(readSource),
      rules: [
        ...extra.filter((path) => path.endsWith('_rules.xml')),
        join(WAZUH, 'tests', 'patched', '0575-win-base_rules.xml'),
      ].map(readSource),
      exclude: ['0575-win-base_rules.xml'],
    });
    const tally = new Tally(`wazuh tests, ${compat}`);
    for (const one of readJsonLines<Case>(join(WAZUH, 'tests', 'expected.jsonl'))) {
      const session = openSession(ruleset);
      const found: string[] = [];
      for (const [index, log] of one.logs.entries()) {
        const { full_log: _log, ...actual } = toLogtestResult(session.send(toBytes(log), NOW), 'wazuh');
        found.push(...differences({ ...one.results[index] }, actual).map((text) => `log ${index}: ${text}`));
      }
      tally.add(`${one.file} / ${one.section} / ${one.name}`, found);
    }
    tally.finish();
  });
});
