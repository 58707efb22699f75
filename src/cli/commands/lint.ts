import { Option } from 'commander';
import { collect } from '../config-options.ts';
import type { Registry } from '../registry.ts';
import { addRulesetOptions, type RulesetFlags } from '../ruleset-options.ts';

export interface LintFlags extends RulesetFlags {
  format: 'text' | 'json';
  failOn: 'error' | 'warning' | 'info';
  ignore: string[];
  only: string[];
  wazuh5?: boolean;
}

export function registerLint({ program, io, action }: Registry): void {
  const command = program.command('lint').description('find problems in decoders, rules and lists; exit 1 on an error');
  addRulesetOptions(command)
    .addOption(new Option('--format <format>', 'how findings are printed').choices(['text', 'json']).default('text'))
    .addOption(
      new Option('--fail-on <severity>', 'exit 1 for findings of this severity and above')
        .choices(['error', 'warning', 'info'])
        .default('error'),
    )
    .option('--ignore <code>', 'leave findings of this code out; repeatable', collect, [])
    .option('--only <text>', 'only findings in files whose path holds this text; repeatable', collect, [])
    .option('--wazuh5', 'count and list what Wazuh 5 would drop of this ruleset instead')
    .action(action(async (flags: LintFlags) => (await import('../lint.ts')).lint(flags, io)));
}
