import { bestWindow, MIN_LITERAL, type WindowRarity } from '../literal-windows.ts';
import {
  CLASSES,
  ENTRY,
  FIRST,
  FIRST_AT,
  headBits,
  headOf,
  ID,
  MORE,
  OFFSET,
  SECOND,
  SECOND_AT,
  SIZE,
} from './find-code.ts';

/** How far from its window the second four bytes of a literal may lie: one signed byte. */
const MAX_FAR = 120;

/** A window that stands for a literal. */
export interface Entry {
  readonly id: number;
  readonly literal: string;
  /** What is hashed. */
  readonly window: number;
  readonly offset: number;
  /** Places in the literal of the four bytes each that are compared at once. */
  readonly first: number;
  readonly second: number;
}

/** One window for the literal at an even place and one for it at an odd one, since only every second place is looked at. */
export function entriesOf(literal: string, id: number, rarity: WindowRarity): Entry[] {
  return [0, 1].flatMap((parity) => {
    const offset = bestWindow(literal, rarity, parity, 2);
    if (offset >= 0) {
      const second = farWindow(literal, offset, rarity);
      return { id, literal, window: windowAt(literal, offset), offset, first: offset, second };
    }
    // Four bytes have a single window: at odd places the last three are looked for, whatever follows them.
    return Array.from({ length: CLASSES }, (_, other) => {
      const window = windowAt(literal + String.fromCharCode(other), 1);
      return { id, literal, window, offset: 1, first: 0, second: 0 };
    });
  });
}

/** The rarest four bytes that share none with the window, or else as few as can be. */
function farWindow(literal: string, offset: number, rarity: WindowRarity): number {
  let best = offset;
  let worth = Number.NEGATIVE_INFINITY;
  const last = Math.min(literal.length - MIN_LITERAL, offset + MAX_FAR);
  for (let at = Math.max(0, offset - MAX_FAR); at <= last; at++) {
    const one = rarity(literal.slice(at, at + MIN_LITERAL)) + 1000 * Math.min(MIN_LITERAL, Math.abs(at - offset));
    if (one <= worth) continue;
    worth = one;
    best = at;
  }
  return best;
}

/**
 * The entries side by side by their heads, and of each head the address of its first entry. What has none is sent to the
 * first of all, which fits no text.
 *
 * @param start address of the entries
 */
export function packEntries(
  entries: readonly Entry[],
  hashBits: number,
  start: number,
): { readonly heads: Uint32Array; readonly table: Buffer } {
  const heads = new Uint32Array(2 ** headBits(hashBits)).fill(start);
  const table = Buffer.alloc((entries.length + 1) * ENTRY);
  // Both four bytes lie at the same place, and differ.
  table.writeInt32LE(1, FIRST);
  const headed = entries.map((entry) => ({ head: headOf(entry.window, hashBits), entry }));
  headed.sort((one, other) => one.head - other.head);
  for (const [index, { head, entry }] of headed.entries()) {
    const { id, literal, offset, first, second } = entry;
    const at = (index + 1) * ENTRY;
    const more = headed[index + 1]?.head === head ? MORE : 0;
    table.writeInt32LE(windowAt(literal, first), at + FIRST);
    table.writeInt32LE(windowAt(literal, second), at + SECOND);
    table.writeInt8(first - offset, at + FIRST_AT);
    table.writeInt8(second - offset, at + SECOND_AT);
    table.writeUInt16LE(offset, at + OFFSET);
    table.writeUInt16LE(literal.length | more, at + SIZE);
    table.writeUInt16LE(id, at + ID);
    if (headed[index - 1]?.head !== head) heads[head] = start + at;
  }
  return { heads, table };
}

function windowAt(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}
