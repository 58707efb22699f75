import { collect } from '../config-options.ts';
import type { Registry } from '../registry.ts';
import { addRulesetOptions, type RulesetFlags } from '../ruleset-options.ts';

export interface CompareFlags extends RulesetFlags {
  archives: string[];
  alerts: string[];
  json?: boolean;
}

export function registerCompare({ program, io, action }: Registry): void {
  const command = program
    .command('compare')
    .description(
      "replay a live Wazuh manager's archives.json and compare with its alerts.json; exit 1 when they differ",
    );
  addRulesetOptions(command)
    .option('--archives <file>', 'archives.json (or .json.gz); repeat in order of time', collect, [])
    .option('--alerts <file>', 'alerts.json (or .json.gz) of the same time; repeatable', collect, [])
    .option('--json', 'the result as JSON')
    .action(action(async (flags: CompareFlags) => (await import('../compare.ts')).compare(flags, io)));
}
