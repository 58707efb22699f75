import { InvalidArgumentError } from 'commander';
import type { Registry } from '../registry.ts';
import { addRulesetOptions, type RulesetFlags } from '../ruleset-options.ts';
import { parseEpoch } from './logtest.ts';

export interface TestFlags extends RulesetFlags {
  tap?: boolean;
  junit?: string;
  coverage?: boolean;
  coverageThreshold?: number;
  now?: number;
}

export function registerTest({ program, io, action }: Registry): void {
  const command = program
    .command('test')
    .description('run rule tests: .ini files of Wazuh and OSSEC, and our own YAML; exit 1 when one fails')
    .argument('<path...>', 'test files, or directories with them');
  addRulesetOptions(command)
    .option('--tap', 'print the results as TAP')
    .option('--junit <file>', 'write the results as JUnit XML, too')
    .option('--coverage', 'say which rules and decoders no test reaches')
    .option('--coverage-threshold <percent>', 'fail where fewer of the rules are reached', parsePercent)
    .option('--now <epoch>', 'when tests without times take place (default: a Monday noon, UTC)', parseEpoch)
    .action(
      action(async (paths: string[], flags: TestFlags) => (await import('../test.ts')).runTests(paths, flags, io)),
    );
}

function parsePercent(text: string): number {
  const percent = Number(text);
  if (text.trim() === '' || !(percent >= 0 && percent <= 100)) {
    throw new InvalidArgumentError('it is a number from 0 to 100');
  }
  return percent;
}
