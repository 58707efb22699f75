import { InvalidArgumentError } from 'commander';
import type { Registry } from '../registry.ts';
import { addRulesetOptions, type RulesetFlags } from '../ruleset-options.ts';

export interface LogtestFlags extends RulesetFlags {
  json?: boolean;
  jsonl?: boolean;
  each?: boolean;
  quiet?: boolean;
  now?: number;
  explain?: boolean;
  profile?: boolean;
}

export function registerLogtest({ program, io, action }: Registry): void {
  const command = program
    .command('logtest')
    .description('run lines of standard input through the ruleset, in one session');
  addRulesetOptions(command)
    .option('--json', 'one JSON object for each line')
    .option('--jsonl', 'read requests: {"logs":[...],"times":[...]?,"location":"..."?,"locations":[...]?} a line')
    .option('--each', 'a fresh session for each line')
    .option('--now <epoch>', 'let the clock stand still at this time (seconds), in UTC', parseEpoch)
    .option('--quiet', 'print only rule ids: a line for each log, empty where no rule matches')
    .option('--explain', 'the decoders and rules that were tried, and why each did not match')
    .option('--profile', 'after all lines, what the time went into: the slowest decoders and rules')
    .action(action(async (flags: LogtestFlags) => (await import('../logtest/logtest.ts')).logtest(flags, io)));
}

/** Seconds since 1970 of an option. */
export function parseEpoch(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0) {
    throw new InvalidArgumentError('it is a number of seconds since 1970');
  }
  return seconds;
}
