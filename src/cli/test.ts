import { writeFileSync } from 'node:fs';
import { Coverage, type CoverageReport, percentOf } from '../ruletools/ruletest/coverage.ts';
import { readTests } from '../ruletools/ruletest/read-tests.ts';
import { formatJunit } from '../ruletools/ruletest/report-junit.ts';
import { formatFailure, formatFileError } from '../ruletools/ruletest/report-plain.ts';
import { formatTap, formatTapError, tapHeader } from '../ruletools/ruletest/report-tap.ts';
import { TEST_START_MS } from '../ruletools/ruletest/rule-test.ts';
import { runTest, type TestOutcome } from '../ruletools/ruletest/run.ts';
import type { TestFlags } from './commands/test.ts';
import { type CliIo, type ExitCode, write } from './io.ts';
import { tryLoadRuleset } from './load-ruleset.ts';
import { createPalette } from './paint.ts';

/** The own host of tests: the same on every machine. */
const HOSTNAME = 'localhost';
/** Rules and decoders that are named at most. */
const MAX_NAMED = 40;

export async function runTests(paths: readonly string[], flags: TestFlags, io: CliIo): Promise<ExitCode> {
  const ruleset = await tryLoadRuleset('test', flags, io);
  if (ruleset === undefined) return 1;
  const startMs = flags.now === undefined ? TEST_START_MS : flags.now * 1000;
  const { tests, errors, files, skipped } = readTests(paths, ruleset.dialect, startMs);
  const coverage = flags.coverage || flags.coverageThreshold !== undefined ? new Coverage() : undefined;
  const options = { ruleset, hostname: flags.hostname ?? HOSTNAME, ...(coverage && { tracer: coverage }) };
  const palette = createPalette(io);
  const outcomes: TestOutcome[] = [];
  if (flags.tap) await write(io.stdout, tapHeader(tests.length, errors.length));
  for (const test of tests) {
    const outcome = runTest(test, options);
    outcomes.push(outcome);
    if (flags.tap) await write(io.stdout, formatTap(outcomes.length, outcome));
    else if (outcome.failures.length > 0) await write(io.stdout, formatFailure(outcome, palette));
  }
  for (const [index, error] of errors.entries()) {
    if (flags.tap) await write(io.stdout, formatTapError(tests.length + index + 1, error));
    else await write(io.stdout, formatFileError(error));
  }
  let failed = outcomes.some((outcome) => outcome.failures.length > 0) || errors.length > 0;
  if (flags.junit !== undefined) failed = !(await writeJunit(flags.junit, formatJunit(outcomes, errors), io)) || failed;
  const comment = flags.tap ? '# ' : '';
  const say = (text: string) => write(io.stdout, text.replace(/^(?=.)/gm, comment));
  for (const { file, reason } of skipped) await say(`skipped ${file}: ${reason}\n`);
  await say(summarize(outcomes, errors.length, files));
  if (coverage) {
    const report = coverage.report(ruleset);
    if (flags.coverage) await say(formatCoverage(report));
    if (flags.coverageThreshold !== undefined && percentOf(report.rules) < flags.coverageThreshold) {
      await say(`coverage of rules is below ${flags.coverageThreshold} %: ${percentOf(report.rules).toFixed(1)} %\n`);
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

function summarize(outcomes: readonly TestOutcome[], errors: number, files: number): string {
  const failed = outcomes.filter((outcome) => outcome.failures.length > 0).length;
  const broken = errors === 0 ? '' : `, ${plural(errors, 'error')} in test files`;
  return `${plural(outcomes.length, 'test')} in ${plural(files, 'file')}: ${outcomes.length - failed} passed, ${failed} failed${broken}\n`;
}

function formatCoverage({ rules, decoders }: CoverageReport): string {
  const count = (name: string, part: CoverageReport['rules'] | CoverageReport['decoders']) =>
    `${name}: ${part.hit} of ${part.total} reached (${percentOf(part).toFixed(1)} %)\n`;
  const place = ({ file, line }: { file: string; line: number }) => `${file}:${line}`;
  const missedRules = rules.missed.map((rule) => `rule ${rule.id} (${place(rule.span)})`);
  const missedDecoders = decoders.missed.map((decoder) => `decoder ${decoder.ownName} (${place(decoder.span)})`);
  return `${count('rules', rules)}${list(missedRules)}${count('decoders', decoders)}${list(missedDecoders)}`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).map((name) => `  not reached: ${name}\n`);
  return shown.join('') + (names.length > MAX_NAMED ? `  and ${names.length - MAX_NAMED} more\n` : '');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

async function writeJunit(path: string, text: string, io: CliIo): Promise<boolean> {
  try {
    writeFileSync(path, text);
    return true;
  } catch (error) {
    await write(io.stderr, `otel-hids test: ${error instanceof Error ? error.message : error}\n`);
    return false;
  }
}
