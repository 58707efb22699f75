import { sleep } from '../../component/clock.ts';
import type { Host, Settings } from '../../component/host.ts';
import { Backoff } from '../../config/retry.ts';
import { decodeLogsRequestJson } from '../../otlp/decode-json.ts';
import { encodeLogsRequest } from '../../otlp/encode.ts';
import { createDecodeReport } from '../../otlp/limits.ts';
import type { LogBatch } from '../../pdata/logs.ts';
import { countRecords } from '../../pdata/logs.ts';
import type { OtlpHttpConfig } from './config.ts';
import { type Environment, resolveTarget } from './environment.ts';
import { readLines } from './lines.ts';
import { Sender } from './sender.ts';

/** What became of one line. */
export type ReplayAnswer = { accepted: true; rejected: number; message: string } | { accepted: false; reason: string };

export interface ReplayTarget {
  send(batch: LogBatch): Promise<ReplayAnswer>;
  close(): void;
}

/** A line that is still undelivered. */
export interface ReplayFailure {
  /** Counted from 1. */
  line: number;
  reason: string;
  /** The line as it stands in the file. */
  text: string;
}

export interface ReplayReport {
  lines: number;
  sentRecords: number;
  failures: number;
}

const ATTEMPTS = 5;

/**
 * The backend of an exporter's configuration for one run of `replayDeadLetters`: what is unavailable is tried five
 * times with the configured waits, everything else once.
 * @throws ConfigError
 */
export function openReplayTarget(
  settings: Settings,
  config: OtlpHttpConfig,
  host: Host,
  environment: Environment,
): ReplayTarget {
  const sender = new Sender(settings, config, resolveTarget(config, environment), host);
  const never = new AbortController().signal;
  return {
    async send(batch) {
      const request = { bytes: encodeLogsRequest(batch), records: countRecords(batch), restamped: false };
      const backoff = new Backoff(config.retry_on_failure);
      for (let attempt = 1; ; attempt++) {
        const verdict = await sender.send(request, never);
        if (verdict.kind === 'accepted')
          return { accepted: true, rejected: verdict.rejected, message: verdict.message };
        const again = verdict.kind === 'unavailable' || verdict.kind === 'doubtful';
        if (!again || attempt === ATTEMPTS) return { accepted: false, reason: verdict.reason };
        await sleep(settings.clock, backoff.next(verdict.kind === 'unavailable' ? verdict.retryAfterMs : 0));
      }
    },
    close: () => sender.close(),
  };
}

/**
 * Sends every line of a dead-letter file (or of any file of OTLP/JSON requests), in order. The file stays as it is;
 * `onFailure` is told of each line that is still undelivered: refused again, or not readable. Requests that were taken
 * in part are sent whole, since it is not known which part: records carry `log.record.uid`, by which they are the same.
 * Rejects only where the file cannot be read.
 */
export async function replayDeadLetters(
  path: string,
  send: (batch: LogBatch) => Promise<ReplayAnswer>,
  onFailure: (failure: ReplayFailure) => void | Promise<void> = () => {},
): Promise<ReplayReport> {
  const report: ReplayReport = { lines: 0, sentRecords: 0, failures: 0 };
  let line = 0;
  for await (const text of readLines(path)) {
    line++;
    if (text.trim() === '') continue;
    report.lines++;
    const reason = await replayLine(text, send, report);
    if (reason === undefined) continue;
    report.failures++;
    await onFailure({ line, reason, text });
  }
  return report;
}

/** Why the line is still undelivered; undefined where it was taken. */
async function replayLine(
  text: string,
  send: (batch: LogBatch) => Promise<ReplayAnswer>,
  report: ReplayReport,
): Promise<string | undefined> {
  const decoded = createDecodeReport();
  let batch: LogBatch;
  try {
    batch = decodeLogsRequestJson(text, { report: decoded });
  } catch (error) {
    return `not OTLP/JSON: ${(error as Error).message}`;
  }
  if (decoded.rejectedRecords > 0) return decoded.rejectedReason;
  const records = countRecords(batch);
  if (records === 0) return 'no records';
  const answer = await send(batch);
  if (!answer.accepted) return answer.reason;
  report.sentRecords += records - Math.min(records, answer.rejected);
  return answer.rejected > 0 ? `partial success, ${answer.rejected} rejected: ${answer.message}` : undefined;
}
