/**
 * Lists of numbers by a number, in one piece of memory: with ten thousand rules what an event costs is how many places of
 * memory it has to wait for, and a Map of arrays has four of them for each question.
 */
export class NumberTable {
  /** Pairs of a key and its number; of several numbers less than zero: the complement of their place in `more`. */
  private readonly slots: Int32Array;
  /** How many, then they themselves. */
  private readonly more: Int32Array;
  private readonly shift: number;
  /** Keys. */
  readonly size: number;

  /** Numbers are not negative. */
  constructor(table: ReadonlyMap<number, readonly number[]>) {
    this.size = table.size;
    // Twice the room at least, so that a slot is free.
    const bits = Math.max(1, 33 - Math.clz32(Math.max(1, table.size)));
    this.shift = 32 - bits;
    this.slots = new Int32Array(2 << bits).fill(FREE);
    const more: number[] = [];
    for (const [key, numbers] of table) {
      if (numbers.length === 0) continue;
      const slot = this.find(key);
      this.slots[slot] = key;
      this.slots[slot + 1] = numbers.length === 1 ? numbers[0]! : ~more.length;
      if (numbers.length === 1) continue;
      more.push(numbers.length);
      for (const number of numbers) more.push(number);
    }
    this.more = Int32Array.from(more);
  }

  /** Appends the numbers of a key to `out` at `to`; returns the end. */
  copy(key: number, out: Int32Array, to: number): number {
    const { slots, more } = this;
    const value = slots[this.find(key) + 1]!;
    if (value === FREE) return to;
    if (value >= 0) {
      out[to++] = value;
      return to;
    }
    const start = ~value;
    const end = start + more[start]!;
    for (let place = start + 1; place <= end; place++) out[to++] = more[place]!;
    return to;
  }

  /** The slot of the key, or the free one where it belongs. */
  private find(key: number): number {
    const { slots } = this;
    const last = slots.length - 2;
    let slot = (Math.imul(key, SPREAD) >>> this.shift) << 1;
    while (slots[slot + 1] !== FREE && slots[slot] !== key) slot = slot === last ? 0 : slot + 2;
    return slot;
  }
}

/** Neither a number nor the complement of a place. */
const FREE = -0x80000000;
/** Puts keys that stand in a row far apart. */
const SPREAD = 0x9e3779b1 | 0;

/** A list of numbers for each position, behind each other. */
export class NumberLists {
  /** Where the list of a position begins in `numbers`; one more for the end. */
  readonly starts: Int32Array;
  readonly numbers: Int32Array;

  constructor(lists: readonly (readonly number[])[]) {
    this.starts = new Int32Array(lists.length + 1);
    for (const [position, list] of lists.entries()) this.starts[position + 1] = this.starts[position]! + list.length;
    this.numbers = Int32Array.from(lists.flat());
  }
}
