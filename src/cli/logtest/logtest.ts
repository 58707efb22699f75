import { hostname } from 'node:os';
import type { Ruleset } from '../../processor/ruleset/compile/ruleset.ts';
import { toLogtestResult } from '../../processor/ruleset/evaluate/logtest-json.ts';
import type { Verdict } from '../../processor/ruleset/evaluate/verdict.ts';
import { formatExplanation } from '../../ruletools/explain/format.ts';
import { Recorder } from '../../ruletools/explain/recorder.ts';
import { Session } from '../../ruletools/session.ts';
import type { LogtestFlags } from '../commands/logtest.ts';
import { type CliIo, type ExitCode, write } from '../io.ts';
import { LineSplitter } from '../line-splitter.ts';
import { tryLoadRuleset } from '../load-ruleset.ts';
import { createPalette, type Palette } from '../paint.ts';
import { GivenUp } from './given-up.ts';
import { formatPlain } from './plain.ts';
import { profileLines } from './profile.ts';
import { evaluateRequest, parseRequest } from './request.ts';

/** Reads lines, prints what the ruleset makes of them. */
export async function logtest(flags: LogtestFlags, io: CliIo): Promise<ExitCode> {
  const other = (['explain', 'quiet', 'jsonl', 'each'] as const).find((name) => flags[name]);
  if (flags.profile && other !== undefined) {
    await write(io.stderr, `otel-hids logtest: --profile and --${other} exclude each other\n`);
    return 2;
  }
  if (flags.explain && flags.quiet) {
    await write(io.stderr, 'otel-hids logtest: --explain and --quiet exclude each other\n');
    return 2;
  }
  const ruleset = await tryLoadRuleset('logtest', flags, io);
  if (ruleset === undefined) return 1;
  if (flags.profile) return profileLines(flags, ruleset, io);
  const givenUp = new GivenUp();
  const answer = createAnswer(flags, ruleset, createPalette(io), givenUp);
  if ((io.stdin as { isTTY?: boolean }).isTTY)
    await write(io.stderr, 'Type or paste logs, one a line; end with Ctrl-D.\n');
  const splitter = new LineSplitter();
  const print = async (lines: readonly string[]) => {
    const texts = lines.map(answer);
    if (texts.length > 0) await write(io.stdout, texts.join(''));
    for (const notice of givenUp.take()) await write(io.stderr, notice);
  };
  for await (const chunk of io.stdin) await print(splitter.push(chunk as Uint8Array));
  await print(splitter.end());
  return 0;
}

/** What is printed for a line of input. */
function createAnswer(
  flags: LogtestFlags,
  ruleset: Ruleset,
  palette: Palette,
  givenUp: GivenUp,
): (line: string) => string {
  const now = flags.now === undefined ? undefined : flags.now * 1000;
  const open = () => {
    const session = new Session({ ruleset, hostname: flags.hostname ?? hostname().split('.')[0]!, now });
    return { session, recorder: flags.explain ? new Recorder(session) : undefined };
  };
  const toResult = (verdict: Verdict, recorder: Recorder | undefined) => {
    const result = toLogtestResult(verdict, ruleset.dialect, ruleset.compat);
    return recorder ? { ...result, explain: recorder.take(verdict) } : result;
  };
  if (flags.jsonl) {
    return (line) => {
      const request = parseRequest(line);
      if (!request) return `${JSON.stringify({ error: 'format' })}\n`;
      const { session, recorder } = open();
      // One by one: an explanation has to be taken before the next log.
      const answers = evaluateRequest(request, session, (verdict) => {
        givenUp.note(verdict);
        return flags.quiet ? (verdict.rule?.id ?? '') : toResult(verdict, recorder);
      });
      return `${JSON.stringify(answers)}\n`;
    };
  }
  let current = open();
  let isFirst = true;
  return (line) => {
    if (flags.each && !isFirst) current = open();
    isFirst = false;
    const verdict = current.session.evaluate(line);
    givenUp.note(verdict);
    if (flags.quiet) return `${verdict.rule?.id ?? ''}\n`;
    if (flags.json) return `${JSON.stringify(toResult(verdict, current.recorder))}\n`;
    const plain = formatPlain(toLogtestResult(verdict, ruleset.dialect, ruleset.compat), palette);
    return current.recorder ? plain + formatExplanation(current.recorder.take(verdict), palette) : plain;
  };
}
