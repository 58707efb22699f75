import { formatHealthEvent, type HealthEventName } from '../../component/health-event.ts';
import { printableText } from '../../pdata/printable.ts';
import type { RunResult } from './run.ts';

const NEWLINE = 10;
/** Output shown below a report of a run whose output is not evaluated. */
const EXCERPT_BYTES = 4096;

/** What `setpriv` says of a program that it could not start. */
const NOT_STARTED = /^setpriv: failed to execute (.*)/;

/** In the words used where the program is started without it. */
function explain(reason: string): string {
  return reason
    .replace(/: No such file or directory$/, ' not found')
    .replace(/: Permission denied$/, ' may not be executed');
}

/** Why a run's output is not what the command would have said, or undefined for a good run. */
export interface Failure {
  readonly name: HealthEventName;
  readonly fields: Readonly<Record<string, string | number>>;
}

/**
 * A good run is one that ended by itself, whatever its exit code (`grep` exits 1 where nothing matches). The shell
 * reports a command that it could not start as 126 or 127, and one that died by a signal as 128 + signal.
 */
export function judge(
  result: RunResult,
  shell: boolean,
  limits: { timeoutMs: number; maxOutput: number },
): Failure | undefined {
  const { outcome } = result;
  switch (outcome.kind) {
    case 'not_started':
      return { name: 'command could not start', fields: { reason: outcome.reason } };
    case 'timed_out':
      return { name: 'command timed out', fields: { timeout: `${limits.timeoutMs / 1000}s` } };
    case 'truncated':
      return { name: 'command output truncated', fields: { limit: limits.maxOutput } };
    case 'left_behind':
      return { name: 'command left processes behind', fields: {} };
    case 'killed':
    case 'cancelled':
      return { name: 'command killed', fields: { signal: outcome.kind === 'killed' ? outcome.signal : 'SIGTERM' } };
    case 'exited':
      if (outcome.code === 126 || outcome.code === 127) {
        const reason = NOT_STARTED.exec(result.stderr.toString('utf8'))?.[1];
        if (reason !== undefined) return { name: 'command could not start', fields: { reason: explain(reason) } };
        return { name: 'command failed', fields: { exit: outcome.code } };
      }
      if (shell && outcome.code > 128 && outcome.code <= 192) {
        return { name: 'command killed', fields: { signal: outcome.code - 128 } };
      }
      return undefined;
  }
}

/**
 * Turns results into health events and says each thing once: again only when it changes, or when it has gone on for
 * the report interval. A command that fails every five seconds is one alert an hour.
 */
export class Reports {
  readonly #alias: string;
  readonly #reportIntervalMs: number;
  #lastText: string | undefined;
  #lastTime = 0;
  #failedRuns = 0;
  #stderr = '';
  #exit = 0;

  constructor(alias: string, reportIntervalMs: number) {
    this.#alias = alias;
    this.#reportIntervalMs = reportIntervalMs;
  }

  /** Events for a run whose output is not evaluated. */
  failed(failure: Failure, result: RunResult): string[] {
    this.#failedRuns += 1;
    const key = `${failure.name} ${JSON.stringify(failure.fields)}`;
    const now = result.startedAt + result.durationMs;
    if (key === this.#lastText && now - this.#lastTime < this.#reportIntervalMs && now >= this.#lastTime) return [];
    this.#lastText = key;
    this.#lastTime = now;
    const fields = { ...failure.fields, duration: `${result.durationMs}ms`, failed_runs: this.#failedRuns };
    return [formatHealthEvent(failure.name, this.#alias, fields, detail(result))];
  }

  /** Events for a run whose output is evaluated. */
  succeeded(result: RunResult, reportStderr: boolean): string[] {
    const events: string[] = [];
    if (this.#failedRuns > 0) {
      events.push(formatHealthEvent('command recovered', this.#alias, { failed_runs: this.#failedRuns }));
      this.#failedRuns = 0;
      this.#lastText = undefined;
    }
    const exit = result.outcome.kind === 'exited' ? result.outcome.code : 0;
    if (exit !== this.#exit && exit !== 0) events.push(formatHealthEvent('command exited', this.#alias, { exit }));
    this.#exit = exit;
    const stderr = reportStderr ? printable(result.stderr) : '';
    if (stderr !== this.#stderr && stderr !== '') {
      const fields = { bytes: result.stderrBytes };
      events.push(formatHealthEvent('command wrote to stderr', this.#alias, fields, stderr + cut(result)));
    }
    this.#stderr = stderr;
    return events;
  }

  /** An event that is not about the outcome of a run. */
  other(name: HealthEventName, fields: Readonly<Record<string, string | number>>): string {
    return formatHealthEvent(name, this.#alias, fields);
  }
}

function detail(result: RunResult): string {
  const parts: string[] = [];
  if (result.stderr.length > 0) parts.push(`Standard error:\n${printable(result.stderr)}${cut(result)}`);
  if (result.stdout.length > 0) {
    const more = result.stdout.length - EXCERPT_BYTES;
    const mark = more > 0 ? `\n[... ${more} more bytes]` : '';
    parts.push(`Output, not evaluated:\n${printable(result.stdout.subarray(0, EXCERPT_BYTES))}${mark}`);
  }
  return parts.join('\n');
}

function cut(result: RunResult): string {
  const more = result.stderrBytes - result.stderr.length;
  return more > 0 ? `\n[... ${more} more bytes]` : '';
}

/** For people: what acts on a terminal is escaped, and what is not UTF-8 shows as U+FFFD. */
function printable(bytes: Buffer): string {
  const text = printableText(bytes.toString('utf8').replaceAll('\r', ''));
  // Not by an expression: that would look at line ends in the middle again and again.
  let end = text.length;
  while (text.charCodeAt(end - 1) === NEWLINE) end--;
  return text.slice(0, end);
}
