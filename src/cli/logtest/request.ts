import { z } from 'zod';
import { textToBytes } from '../../processor/ruleset/bytes.ts';
import type { Verdict } from '../../processor/ruleset/evaluate/verdict.ts';
import { DEFAULT_LOCATION, type Session } from '../../ruletools/session.ts';

const requestSchema = z.strictObject({
  logs: z.array(z.string()),
  times: z.array(z.number()).optional(),
  location: z.string().optional(),
  locations: z.array(z.string()).optional(),
});

/** One line of `--jsonl`: logs for a session of their own. */
export type LogtestRequest = z.output<typeof requestSchema>;

/** Undefined where the line (bytes) is no request. */
export function parseRequest(line: string): LogtestRequest | undefined {
  try {
    return requestSchema.safeParse(JSON.parse(Buffer.from(line, 'latin1').toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Runs the logs of a request; what `format` makes of each verdict, in order. */
export function evaluateRequest<T>(request: LogtestRequest, session: Session, format: (verdict: Verdict) => T): T[] {
  return request.logs.map((log, index) => {
    const location = request.locations?.[index] ?? request.location ?? DEFAULT_LOCATION;
    const seconds = request.times?.[index];
    const timeMs = seconds === undefined ? undefined : seconds * 1000;
    return format(session.evaluate(textToBytes(log), textToBytes(location), timeMs));
  });
}
