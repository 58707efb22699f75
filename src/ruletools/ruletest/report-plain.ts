import { printableLine } from '../../pdata/printable.ts';
import { bytesToText } from '../../processor/ruleset/bytes.ts';
import type { Mismatch } from './check.ts';
import type { TestFileError } from './rule-test.ts';
import type { StepFailure, TestOutcome } from './run.ts';

/** How a terminal shows it; plain text takes `(text) => text` for all. */
export interface Paint {
  bad(text: string): string;
  good(text: string): string;
  dim(text: string): string;
}

const MAX_LOG = 200;

/** A test that failed: where, which log, and what came instead of what. */
export function formatFailure({ test, failures }: TestOutcome, paint: Paint): string {
  const lines = [`${paint.bad('FAIL')} ${printableLine(test.file)}:${test.line}: ${printableLine(test.name)}`];
  for (const failure of failures) {
    const { step } = failure;
    const log = test.steps[step]?.log;
    if (log === undefined) lines.push('  it has no log');
    else
      lines.push(`  log ${step + 1} of ${test.steps.length}: ${paint.dim(shorten(printableLine(bytesToText(log))))}`);
    for (const mismatch of failure.mismatches) lines.push(...formatMismatch(mismatch, paint));
    lines.push(...contextOf(failure, paint));
  }
  return `${lines.join('\n')}\n`;
}

/** `- wanted` and `+ got` lines. */
export function formatMismatch({ name, expected, actual, negated }: Mismatch, paint: Paint): string[] {
  const show = (value: string | undefined) => (value === undefined ? '(none)' : printableLine(value));
  if (negated)
    return [paint.bad(`    - ${name}: anything but ${show(expected)}`), paint.good(`    + ${name}: ${show(actual)}`)];
  return [paint.bad(`    - ${name}: ${show(expected)}`), paint.good(`    + ${name}: ${show(actual)}`)];
}

/** What else was found, which often says why. */
function contextOf({ mismatches, result }: StepFailure, paint: Paint): string[] {
  if (!result) return [];
  const named = new Set(mismatches.map(({ name }) => name));
  const { rule, decoder } = result;
  const lines: string[] = [];
  if (rule && (named.has('rule') || named.has('description'))) {
    lines.push(`      rule ${rule.id} (level ${rule.level}): ${printableLine(rule.description)}`);
  }
  if (decoder && !named.has('decoder')) lines.push(`      decoder: ${printableLine(decoder.name)}`);
  return lines.map(paint.dim);
}

export function formatFileError({ file, line, column, message }: TestFileError): string {
  const place = line > 0 ? `:${line}${column === undefined ? '' : `:${column}`}` : '';
  return `${file}${place}: error: ${printableLine(message)}\n`;
}

function shorten(text: string): string {
  return text.length > MAX_LOG ? `${text.slice(0, MAX_LOG)}... (${text.length} characters)` : text;
}
