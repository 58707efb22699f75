import type { RepeatMode } from './ast.ts';
import type { Cursor } from './cursor.ts';

export interface Quantifier {
  readonly min: number;
  readonly max: number;
  readonly mode: RepeatMode;
}

const MAX_COUNT = 65_535;

/** Takes `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}` with its mark; braces of another form are plain characters. */
export function takeQuantifier(cursor: Cursor): Quantifier | undefined {
  const start = cursor.at;
  const match = cursor.takeMatch(/[*+?]|\{(\d+)(,(\d*))?\}/y);
  if (!match) return undefined;
  let min = match[0] === '+' ? 1 : 0;
  let max = match[0] === '?' ? 1 : Number.POSITIVE_INFINITY;
  if (match[1] !== undefined) {
    min = Number(match[1]);
    max = match[2] === undefined ? min : match[3] ? Number(match[3]) : Number.POSITIVE_INFINITY;
    if (min > MAX_COUNT || (max > MAX_COUNT && max !== Number.POSITIVE_INFINITY)) {
      cursor.fail(`a repeat count is above ${MAX_COUNT}`, start);
    }
    if (max < min) cursor.fail('the counts of a quantifier are in the wrong order', start);
  }
  skipComments(cursor);
  if (cursor.take('+')) return { min, max, mode: 'possessive' };
  const lazy = cursor.take('?') !== cursor.flags.ungreedy;
  return { min, max, mode: lazy ? 'lazy' : 'greedy' };
}

/** What is skipped between a quantifier and its mark. */
function skipComments(cursor: Cursor): void {
  while (
    cursor.takeMatch(/\(\?#[^)]*\)/y) ||
    (cursor.flags.extended && cursor.takeMatch(/[\t-\r ]+|#[^\n]*(?:\n|$)/y))
  );
}
