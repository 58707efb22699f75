import { hostname } from 'node:os';
import type { Ruleset } from '../../processor/ruleset/compile/ruleset.ts';
import { formatProfile } from '../../ruletools/profile/format.ts';
import { Profiler } from '../../ruletools/profile/profiler.ts';
import { Session } from '../../ruletools/session.ts';
import type { LogtestFlags } from '../commands/logtest.ts';
import { type CliIo, type ExitCode, write } from '../io.ts';
import { LineSplitter } from '../line-splitter.ts';

/** Runs all lines in one session and prints what the time went into, as a table or, with `--json`, as one object. */
export async function profileLines(flags: LogtestFlags, ruleset: Ruleset, io: CliIo): Promise<ExitCode> {
  const now = flags.now === undefined ? undefined : flags.now * 1000;
  const session = new Session({ ruleset, hostname: flags.hostname ?? hostname().split('.')[0]!, now });
  const profiler = new Profiler();
  const splitter = new LineSplitter();
  for await (const chunk of io.stdin) {
    for (const line of splitter.push(chunk as Uint8Array)) profiler.evaluate(session, line);
  }
  for (const line of splitter.end()) profiler.evaluate(session, line);
  const profile = profiler.finish();
  await write(io.stdout, flags.json ? `${JSON.stringify(profile)}\n` : formatProfile(profile));
  return 0;
}
