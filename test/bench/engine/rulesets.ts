import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ruleset } from '../../../src/processor/ruleset/compile/ruleset.ts';
import { formatDiagnostic } from '../../../src/processor/ruleset/diagnostics.ts';
import { loadRuleset, type RulesetOptions } from '../../../src/processor/ruleset/load.ts';
import { CONFORMANCE, hasConformance } from './corpora.ts';

export const HAS_STOCK: boolean = hasConformance;

/** The stock Wazuh ruleset, else the starter one. */
export function wazuhOptions(): RulesetOptions {
  if (!hasConformance) {
    const starter = fileURLToPath(new URL('../../../config/ruleset', import.meta.url));
    return {
      decoders: [join(starter, 'decoders')],
      rules: [join(starter, 'rules')],
      lists: { 'etc/lists': join(starter, 'lists') },
    };
  }
  return { wazuh_home: join(CONFORMANCE, 'wazuh-4.14.7', 'home'), dialect: 'wazuh' };
}

/** The stock OSSEC ruleset in its own order. */
export function ossecOptions(): RulesetOptions | undefined {
  if (!hasConformance) return undefined;
  const home = join(CONFORMANCE, 'ossec-4.3.0', 'home');
  const order = readFileSync(join(home, 'rule-order.txt'), 'utf8').split(/\s+/).filter(Boolean);
  return {
    dialect: 'ossec',
    decoders: [join(home, 'etc', 'decoder.xml')],
    rules: order.map((name) => join(home, 'etc', 'rules', name)),
  };
}

export async function load(options: RulesetOptions): Promise<Ruleset> {
  const { ruleset, diagnostics } = await loadRuleset(options);
  if (ruleset) return ruleset;
  throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
}
