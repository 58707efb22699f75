import type { Alert } from '../../../pdata/alert.ts';

/** Whole body, in bytes of UTF-8: below Loki's 256 KB a line. */
export const MAX_BODY_BYTES = 200_000;

/**
 * What a person reads: the description, the log, for `check_diff` the difference, then the earlier lines
 * (`Previous output:` and the old text, or the events of a correlation). Long texts are cut in the middle.
 */
export function formatBody(alert: BodyParts, maxBytes = MAX_BODY_BYTES): string {
  const description = alert.rule?.description ?? '';
  if (fitsForSure(description, alert, maxBytes)) {
    let body = join(description, alert.fullLog);
    if (alert.delta !== undefined) body = join(body, alert.delta);
    return alert.previousOutput.length === 0 ? body : join(body, alert.previousOutput.join('\n'));
  }
  return formatLong(description, alert, maxBytes);
}

/** What of an alert its body shows. */
export type BodyParts = Pick<Alert, 'fullLog' | 'delta' | 'previousOutput'> & {
  readonly rule?: { description: string };
};

const MAX_DESCRIPTION_BYTES = 4096;
/** UTF-8 of one UTF-16 unit. */
const MOST_OF_UNIT = 3;

/** Told by lengths alone, as nearly all are. */
function fitsForSure(description: string, { fullLog, delta, previousOutput }: BodyParts, maxBytes: number): boolean {
  if (description.length * MOST_OF_UNIT > MAX_DESCRIPTION_BYTES) return false;
  // A delta may have a quarter, and what stands around it half of the rest.
  let units = description.length + fullLog.length + (delta?.length ?? 0) * 4;
  for (const line of previousOutput) units += line.length + 1;
  return units * MOST_OF_UNIT * 2 < maxBytes;
}

function join(text: string, more: string): string {
  if (text === '') return more;
  return more === '' ? text : `${text}\n${more}`;
}

function formatLong(whole: string, alert: BodyParts, maxBytes: number): string {
  const description = cutMiddle(whole, MAX_DESCRIPTION_BYTES);
  const previous = alert.previousOutput.join('\n');
  const rest = maxBytes - byteLength(description) - 2;
  const delta = alert.delta === undefined ? '' : cutMiddle(alert.delta, Math.floor(rest / 4));
  const afterDelta = rest - byteLength(delta) - 2;
  const half = Math.floor(afterDelta / 2);
  const logBytes = byteLength(alert.fullLog);
  const previousBytes = byteLength(previous);
  const log = cutMiddle(alert.fullLog, Math.max(half, afterDelta - previousBytes));
  const shownPrevious = cutMiddle(previous, Math.max(half, afterDelta - Math.min(logBytes, byteLength(log))));
  return [description, log, delta, shownPrevious].filter((part) => part !== '').join('\n');
}

/** The text itself, or its start and end around a mark that says how many bytes are missing. Never longer than asked. */
export function cutMiddle(text: string, maxBytes: number): string {
  const bytes = byteLength(text);
  if (bytes <= maxBytes) return text;
  const mark = (missing: number) => `\n... ${missing} bytes cut ...\n`;
  const keep = Math.max(0, maxBytes - byteLength(mark(bytes)));
  const buffer = Buffer.from(text, 'utf8');
  let headEnd = Math.ceil(keep / 2);
  while (headEnd > 0 && isContinuation(buffer[headEnd])) headEnd--;
  let tailStart = bytes - Math.floor(keep / 2);
  while (tailStart < bytes && isContinuation(buffer[tailStart])) tailStart++;
  const head = buffer.toString('utf8', 0, headEnd);
  const tail = buffer.toString('utf8', tailStart);
  return head + mark(tailStart - headEnd) + tail;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
