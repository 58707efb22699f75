/** Shorter ones are never slices. */
const MIN_SLICE = 13;

/**
 * The same text in memory of its own. A part of a line is a reference into it: kept for long, it would keep the whole
 * line, and a bound on its own length would bound nothing. Texts are bytes (latin1).
 */
export function ownCopy(text: string): string {
  return text.length < MIN_SLICE ? text : Buffer.from(text, 'latin1').toString('latin1');
}
