import { decodeLogsResponse, decodeLogsResponseJson, decodeStatus, decodeStatusJson } from '../../otlp/response.ts';
import { printableLine } from '../../pdata/printable.ts';
import type { HttpReply } from './client.ts';

/** What a reply, or the lack of one, means for the request. */
export type Verdict =
  /** Taken, of which `rejected` records were not; `message` says why, or warns. */
  | { kind: 'accepted'; rejected: number; message: string }
  /** Worth trying again, not before `retryAfterMs`; with `maybeSize` a smaller request may succeed where this one never does. */
  | { kind: 'unavailable'; reason: string; retryAfterMs?: number; maybeSize: boolean }
  /** The protocol calls it final, but it may be an accident of the server: worth a few attempts. */
  | { kind: 'doubtful'; reason: string }
  /** Nothing that is sent there will be taken before someone changes a configuration. */
  | { kind: 'misconfigured'; reason: string; maybeContent: boolean }
  /** Something in the request will never be taken. */
  | { kind: 'refused'; reason: string; time?: TimeProblem }
  | { kind: 'too_large'; reason: string };

/** The time of a record is outside of what the other side takes. */
export interface TimeProblem {
  /** Records of this time or later are not the problem, where the other side says so. Nanoseconds since the epoch. */
  acceptableFrom?: bigint;
}

const RETRYABLE = new Set([408, 425, 429, 502, 503, 504]);
const MISCONFIGURED = new Set([401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 421, 426, 431, 451, 501, 505, 511]);
/** Answers that application firewalls also give where the content of one request offends them. */
const MAYBE_CONTENT = new Set([403, 405, 406, 501]);
/** A longer wait than this is not believed. */
const MAX_RETRY_AFTER_MS = 3_600_000;
const MAX_REASON = 2000;

/** `now` is the time of the reply in epoch milliseconds. */
export function judgeReply(reply: HttpReply, now: number): Verdict {
  const { status } = reply;
  if (status >= 200 && status < 300) return judgeSuccess(reply);
  const text = errorText(reply);
  const reason = describe(status, text);
  if (RETRYABLE.has(status)) {
    const retryAfterMs = parseRetryAfter(reply.headers['retry-after'], now);
    return { kind: 'unavailable', reason, retryAfterMs, maybeSize: status === 429 };
  }
  if (status === 413) return { kind: 'too_large', reason };
  if (status < 400)
    return { kind: 'misconfigured', reason: `${reason} (redirects are not followed)`, maybeContent: false };
  if (MISCONFIGURED.has(status)) return { kind: 'misconfigured', reason, maybeContent: MAYBE_CONTENT.has(status) };
  if (status >= 500) return { kind: 'doubtful', reason };
  if (/HTTP request (was sent )?to (an )?HTTPS/i.test(text))
    return { kind: 'misconfigured', reason, maybeContent: false };
  return { kind: 'refused', reason, time: timeProblem(text) };
}

function judgeSuccess(reply: HttpReply): Verdict {
  const type = contentType(reply);
  if (type === 'text/html') {
    return {
      kind: 'misconfigured',
      reason: `${reply.status} with a web page: no OTLP endpoint`,
      maybeContent: false,
    };
  }
  try {
    const isJson = type === 'application/json';
    if (reply.body.byteLength === 0) return { kind: 'accepted', rejected: 0, message: '' };
    const response = isJson ? decodeLogsResponseJson(reply.body.toString()) : decodeLogsResponse(reply.body);
    return { kind: 'accepted', rejected: response.rejectedLogRecords, message: printable(response.errorMessage) };
  } catch {
    // The status says that it was taken; servers that answer with words of their own exist.
    return { kind: 'accepted', rejected: 0, message: '' };
  }
}

/** Wrong certificate, authority, protocol or header: no attempt will help before that changes. */
const WRONG_SETUP =
  /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO|ERR_INVALID_CHAR|ERR_INVALID_HTTP_TOKEN|ERR_HTTP_INVALID)/;

export function judgeError(error: unknown): Verdict {
  const code = String((error as NodeJS.ErrnoException).code ?? '');
  const reason = printable(errorMessage(error, code));
  if (WRONG_SETUP.test(code)) return { kind: 'misconfigured', reason, maybeContent: false };
  // A server that cuts off a body it finds too large may do so before its answer can be read.
  return { kind: 'unavailable', reason, maybeSize: code === 'ECONNRESET' || code === 'EPIPE' };
}

/** A name with several addresses fails with an error for each. */
function errorMessage(error: unknown, code: string): string {
  const messages = error instanceof AggregateError ? error.errors.map((each) => (each as Error).message) : [];
  const message = messages.join('; ') || (error as Error).message;
  return message.includes(code) ? message : `${code}: ${message}`;
}

/** Milliseconds from a `Retry-After` in seconds or as a date; undefined where there is none that makes sense. */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const isDate = /^\s*[A-Z][a-z]/.test(text);
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : isDate ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}

/** What Loki and its kin say of times: too old, behind the newest of the stream, out of order, in the future. */
const TIME_REFUSED =
  /timestamp too (old|new)|too far behind|out of order|greater.than.max.(sample.)?age|too far in (the )?future/i;

function timeProblem(text: string): TimeProblem | undefined {
  if (!TIME_REFUSED.test(text)) return undefined;
  let newest: number | undefined;
  for (const [, stamp] of text.matchAll(/oldest acceptable timestamp is: ([\dTZ:.+-]+)/g)) {
    const ms = Date.parse(stamp);
    if (!Number.isNaN(ms)) newest = Math.max(newest ?? ms, ms);
  }
  return newest === undefined ? {} : { acceptableFrom: BigInt(newest) * 1_000_000n };
}

/** The words of an error: a `Status` in protobuf or JSON, whatever the content type claims, or plain text. */
function errorText(reply: HttpReply): string {
  const { body } = reply;
  for (const decode of [() => decodeStatusJson(body.toString()), () => decodeStatus(body)]) {
    try {
      const { message } = decode();
      if (message !== '') return message;
    } catch {
      // Not in that form.
    }
  }
  return body.toString();
}

function describe(status: number, text: string): string {
  const words = printable(text.trim());
  return words === '' ? String(status) : `${status}: ${words}`;
}

function printable(text: string): string {
  return printableLine(text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}...` : text);
}

function contentType(reply: HttpReply): string {
  return (reply.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
}
