import { formatMismatch, type Paint } from './report-plain.ts';
import type { TestFileError } from './rule-test.ts';
import type { TestOutcome } from './run.ts';

const NO_PAINT: Paint = { bad: (text) => text, good: (text) => text, dim: (text) => text };

export function tapHeader(tests: number, errors: number): string {
  return `TAP version 14\n1..${tests + errors}\n`;
}

/** One test point; `number` starts at 1. */
export function formatTap(number: number, { test, failures }: TestOutcome): string {
  const name = escapeTap(`${test.file}:${test.line}: ${test.name}`);
  if (failures.length === 0) return `ok ${number} - ${name}\n`;
  const lines = failures.flatMap(({ step, mismatches }) => [
    `log ${step + 1} of ${test.steps.length}`,
    ...mismatches.flatMap((mismatch) => formatMismatch(mismatch, NO_PAINT)),
  ]);
  return `not ok ${number} - ${name}\n${diagnostic(lines)}`;
}

export function formatTapError(number: number, { file, line, message }: TestFileError): string {
  return `not ok ${number} - ${escapeTap(`${file}:${line}`)}\n${diagnostic([message])}`;
}

/** A YAML block below the test point; JSON strings are YAML too. */
function diagnostic(lines: readonly string[]): string {
  return `  ---\n  message: ${JSON.stringify(lines.map((line) => line.trim()).join('\n'))}\n  ...\n`;
}

/** `#` starts a directive, and a name is one line. */
function escapeTap(text: string): string {
  return text.replace(/[\\#]/g, '\\$&').replace(/[\x00-\x1f\x7f]+/g, ' ');
}
