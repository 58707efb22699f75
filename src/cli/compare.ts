import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Comparison } from '../ruletools/compare/comparison.ts';
import { comparisonToJson, formatComparison } from '../ruletools/compare/report.ts';
import type { CompareFlags } from './commands/compare.ts';
import { type CliIo, type ExitCode, write } from './io.ts';
import { LineSplitter } from './line-splitter.ts';
import { tryLoadRuleset } from './load-ruleset.ts';
import { createPalette } from './paint.ts';

/** Replays a recording; 0 when nothing differs that rules or engine are to blame for. */
export async function compare(flags: CompareFlags, io: CliIo): Promise<ExitCode> {
  if (flags.archives.length === 0 || flags.alerts.length === 0) {
    await write(io.stderr, 'otel-hids compare: --archives and --alerts are both needed\n');
    return 2;
  }
  const ruleset = await tryLoadRuleset('compare', flags, io);
  if (ruleset === undefined) return 1;
  if (ruleset.dialect !== 'wazuh') {
    await write(io.stderr, 'otel-hids compare: only the files of Wazuh hold what is needed (dialect wazuh)\n');
    return 2;
  }
  const comparison = new Comparison(ruleset, flags.hostname);
  try {
    await readLines(flags.alerts, (line, number) => comparison.addAlert(line, number));
    await readLines(flags.archives, (line, number) => comparison.addEvent(line, number));
  } catch (error) {
    await write(io.stderr, `otel-hids compare: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
  const result = comparison.finish();
  const text = flags.json
    ? `${JSON.stringify(comparisonToJson(result), null, 2)}\n`
    : formatComparison(result, ruleset, createPalette(io));
  await write(io.stdout, text);
  return result.isSame && result.unreadable === 0 ? 0 : 1;
}

/** Lines of several files, counted on; a cut line at the end of a file being written is a line too. */
async function readLines(paths: readonly string[], take: (line: string, number: number) => void): Promise<void> {
  let number = 0;
  for (const path of paths) {
    const splitter = new LineSplitter();
    const takeAll = (lines: readonly string[]) => {
      for (const line of lines) {
        number++;
        if (line.trim() !== '') take(Buffer.from(line, 'latin1').toString('utf8'), number);
      }
    };
    const consume = async (chunks: AsyncIterable<Uint8Array>) => {
      for await (const chunk of chunks) takeAll(splitter.push(chunk));
      takeAll(splitter.end());
    };
    const file = createReadStream(path);
    if (path.endsWith('.gz')) await pipeline(file, createGunzip(), consume);
    else await pipeline(file, consume);
  }
}
