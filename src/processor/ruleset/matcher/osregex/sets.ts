/**
 * Sets of bytes of all patterns in one table, each once: row `r` has its 256 entries (1 for a member) from `r * 256` on.
 * Hundreds of patterns are asked about each log, and what they look up stays in the nearest caches this way.
 */
export let SETS = new Uint8Array(16 * 256);

/** Rows that there may be; classes and literals take fewer than two hundred. */
export const MAX_ROWS = 1024;

/** The set that has no member; also what sets are that found no room where that may stand for them. */
export const EMPTY_ROW = 0;

const rows = new Map<string, number>([[textOf(new Uint8Array(256)), EMPTY_ROW]]);
const differences = new Map<number, number>();

/** The row of a set; undefined where the table is full. */
export function rowOf(set: Uint8Array): number | undefined {
  const text = textOf(set);
  const known = rows.get(text);
  if (known !== undefined) return known;
  const row = rows.size;
  if (row === MAX_ROWS) return undefined;
  if (row * 256 === SETS.length) {
    const larger = new Uint8Array(SETS.length * 2);
    larger.set(SETS);
    SETS = larger;
  }
  SETS.set(set, row * 256);
  rows.set(text, row);
  return row;
}

/** The row of what the one has and the other has not, both given by their rows; EMPTY_ROW where the table is full. */
export function rowOfDifference(one: number, other: number): number {
  const key = one * MAX_ROWS + other;
  let row = differences.get(key);
  if (row === undefined) {
    const from = other * 256;
    row =
      rowOf(SETS.slice(one * 256, one * 256 + 256).map((inside, byte) => inside & ~SETS[from + byte]!)) ?? EMPTY_ROW;
    differences.set(key, row);
  }
  return row;
}

function textOf(set: Uint8Array): string {
  return Buffer.from(set).toString('latin1');
}
