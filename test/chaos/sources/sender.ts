import { encodeLogsRequest } from '../../../src/otlp/encode.ts';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import { createLogRecord } from '../../../src/pdata/logs.ts';

/** What a try to send came to. */
export type Outcome =
  | { kind: 'taken' }
  /** To be sent again, after so many milliseconds. */
  | { kind: 'again'; afterMs: number; why: string }
  /** An answer that a sender would drop data for. */
  | { kind: 'wrong'; why: string };

/** Counts of what senders were told. */
export interface SenderReport {
  answers: Map<string, number>;
  wrong: string[];
}

export type Send = (body: Uint8Array) => Promise<Outcome>;

/** The longest a sender waits before it comes again, whatever it was asked: a test has not the patience of a Collector. */
const LONGEST_WAIT_MS = 300;

/** Keeps a request until it is acknowledged, as the Collector's sending queue does. */
export async function sendUntilTaken(body: Uint8Array, send: Send, report: SenderReport): Promise<void> {
  for (;;) {
    const outcome = await send(body);
    const why = outcome.kind === 'taken' ? 'taken' : outcome.why;
    report.answers.set(why, (report.answers.get(why) ?? 0) + 1);
    if (outcome.kind === 'taken') return;
    if (outcome.kind === 'wrong') {
      report.wrong.push(`${new Date().toISOString()} ${outcome.why}`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_WAIT_MS, outcome.afterMs)));
  }
}

export interface SourceRecord {
  text: string;
  uid?: string;
}

/** An `ExportLogsServiceRequest` of one host; `time` of all records in nanoseconds since the epoch. */
export function createRequest(host: string, records: readonly SourceRecord[], time: bigint): Uint8Array {
  return encodeLogsRequest({
    logs: [
      {
        resource: { attributes: new Map<string, AnyValue>([['host.name', host]]) },
        scope: { name: 'chaos', version: '', attributes: new Map() },
        schemaUrl: '',
        trusted: false,
        records: records.map(({ text, uid }) =>
          createLogRecord({
            body: text,
            timeUnixNano: time,
            attributes: new Map<string, AnyValue>(uid === undefined ? [] : [['log.record.uid', uid]]),
            identity: '',
          }),
        ),
      },
    ],
  });
}
