import { hostname } from 'node:os';
import type { Ruleset } from '../../processor/ruleset/compile/ruleset.ts';
import { toLogtestResult } from '../../processor/ruleset/evaluate/logtest-json.ts';
import type { Verdict } from '../../processor/ruleset/evaluate/verdict.ts';
import { Session } from '../../ruletools/session.ts';
import type { LogtestFlags } from '../commands/logtest.ts';
import { type CliIo, type ExitCode, write } from '../io.ts';
import { LineSplitter } from '../line-splitter.ts';
import { tryLoadRuleset } from '../load-ruleset.ts';
import { formatPlain } from './plain.ts';
import { evaluateRequest, parseRequest } from './request.ts';

/** Reads lines, prints what the ruleset makes of them. */
export async function logtest(flags: LogtestFlags, io: CliIo): Promise<ExitCode> {
  for (const name of ['explain', 'profile'] as const) {
    if (!flags[name]) continue;
    await write(io.stderr, `otel-hids logtest --${name}: not built yet\n`);
    return 2;
  }
  const ruleset = await tryLoadRuleset('logtest', flags, io);
  if (ruleset === undefined) return 1;
  const answer = createAnswer(flags, ruleset);
  if ((io.stdin as { isTTY?: boolean }).isTTY)
    await write(io.stderr, 'Type or paste logs, one a line; end with Ctrl-D.\n');
  const splitter = new LineSplitter();
  for await (const chunk of io.stdin) await print(io, splitter.push(chunk as Uint8Array).map(answer));
  await print(io, splitter.end().map(answer));
  return 0;
}

/** What is printed for a line of input. */
function createAnswer(flags: LogtestFlags, ruleset: Ruleset): (line: string) => string {
  const now = flags.now === undefined ? undefined : flags.now * 1000;
  const open = () => new Session({ ruleset, hostname: flags.hostname ?? hostname().split('.')[0], now });
  const format = (verdict: Verdict) =>
    flags.quiet ? (verdict.rule?.id ?? '') : toLogtestResult(verdict, ruleset.dialect);
  if (flags.jsonl) {
    return (line) => {
      const request = parseRequest(line);
      return `${JSON.stringify(request ? evaluateRequest(request, open()).map(format) : { error: 'format' })}\n`;
    };
  }
  let session = open();
  let isFirst = true;
  return (line) => {
    if (flags.each && !isFirst) session = open();
    isFirst = false;
    const verdict = session.evaluate(line);
    if (flags.quiet) return `${verdict.rule?.id ?? ''}\n`;
    const result = toLogtestResult(verdict, ruleset.dialect);
    return flags.json ? `${JSON.stringify(result)}\n` : formatPlain(result);
  };
}

async function print(io: CliIo, texts: readonly string[]): Promise<void> {
  if (texts.length > 0) await write(io.stdout, texts.join(''));
}
