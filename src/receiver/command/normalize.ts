import { isUtf8 } from 'node:buffer';
import { createContext, Script } from 'node:vm';
import type { NormalizeConfig } from './config.ts';

/** The regular expressions of the configuration meet output that others can shape; longer than this is an explosion. */
const TIME_LIMIT_MS = 1000;
const callWork = new Script('work()');

/**
 * Output as rules are to see it: without carriage returns and trailing newlines, then normalised.
 * @throws Error when the regular expressions take too long
 */
export function normalizeOutput(output: Buffer, config: NormalizeConfig): Buffer {
  const encoding = isUtf8(output) ? 'utf8' : 'latin1';
  const text = dropTrailingNewlines(output.toString(encoding).replaceAll('\r', ''));
  const lines = text.split('\n');
  const kept = config.ignore.length === 0 ? edit(lines, config) : runWithLimit(() => edit(lines, config));
  return Buffer.from(dropTrailingNewlines(kept.join('\n')), encoding);
}

function edit(lines: string[], { trim, columns, ignore, sort }: NormalizeConfig): string[] {
  if (trim) lines = lines.map((line) => line.replace(/^[ \t]+/, '').trimEnd());
  if (columns) lines = lines.map((line) => pick(line, columns));
  if (ignore.length > 0) lines = lines.filter((line) => !ignore.some((expression) => expression.test(line)));
  return sort ? lines.sort() : lines;
}

function pick(line: string, columns: readonly number[]): string {
  const words = line.split(/[ \t]+/).filter((word) => word !== '');
  return columns
    .map((column) => words[column - 1])
    .filter((word) => word !== undefined)
    .join(' ');
}

function dropTrailingNewlines(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 10) end--;
  return text.slice(0, end);
}

/** V8 can only be told to stop from outside; the limit of a script also holds for what the script calls. */
function runWithLimit<T>(work: () => T): T {
  let result: T | undefined;
  const context = createContext({
    work: () => {
      result = work();
    },
  });
  try {
    callWork.runInContext(context, { timeout: TIME_LIMIT_MS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new Error(`the expressions of normalize.ignore took longer than ${TIME_LIMIT_MS} ms`, { cause: error });
    }
    throw error;
  }
  return result as T;
}
