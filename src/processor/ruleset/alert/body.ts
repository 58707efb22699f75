import type { Alert } from '../../../pdata/alert.ts';

/** Whole body, in bytes of UTF-8: below Loki's 256 KB a line. */
export const MAX_BODY_BYTES = 200_000;

/**
 * What a person reads: the description, the log, for `check_diff` the difference, then the earlier lines
 * (`Previous output:` and the old text, or the events of a correlation). Long texts are cut in the middle.
 */
export function formatBody(alert: Alert, maxBytes = MAX_BODY_BYTES): string {
  const description = cutMiddle(alert.rule?.description ?? '', 4096);
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
