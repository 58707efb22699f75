/** Serial numbers that were never seen. */
export interface Gap {
  first: number;
  last: number;
}

/** A number this far below the expected one is no latecomer: the machine was started anew. */
const LATE = 65_536;
/** A leap of more than this is no gap either. */
const LEAP = 2 ** 24;
const MAX_AHEAD = 4096;

/**
 * Watches the kernel's event numbers, which have no holes unless events were lost on the way (a full backlog, a rate
 * limit, a full disk). Events come out of order, so a number counts as missing only after a while.
 */
export class Sequence {
  #next: number | undefined;
  readonly #ahead = new Set<number>();
  /** When all was read for the first time while there was a gap; and the number of records when the gap appeared. */
  #aheadSince: number | undefined;
  #aheadAt = 0;

  /** `count`: number of records so far. */
  see(serial: number, count: number): void {
    if (serial === this.#next) {
      this.#next = serial + 1;
      if (this.#ahead.size > 0) this.#absorb();
      return;
    }
    const distance = this.#next === undefined ? Number.NaN : serial - this.#next;
    if (distance >= -LATE && distance < 0) return;
    if (!(distance > 0 && distance < LEAP)) {
      this.#ahead.clear();
      this.#next = serial + 1;
      return;
    }
    if (this.#ahead.size === 0) {
      this.#aheadSince = undefined;
      this.#aheadAt = count;
    }
    this.#ahead.add(serial);
  }

  /** The next number seen begins anew. */
  reset(): void {
    this.#next = undefined;
    this.#ahead.clear();
  }

  /**
   * A gap that has lasted `linger` milliseconds, or while `records` records came; called until there is none.
   * `now` only when all that can be read has been read.
   */
  sweep(now: number | undefined, count: number, linger: number, records: number): Gap | undefined {
    if (this.#ahead.size === 0 || this.#next === undefined) return undefined;
    if (now !== undefined) this.#aheadSince ??= now;
    const lasted = now !== undefined && this.#aheadSince !== undefined && now - this.#aheadSince >= linger;
    const waited = lasted || count - this.#aheadAt >= records;
    if (!waited && this.#ahead.size < MAX_AHEAD) return undefined;
    let lowest = Number.POSITIVE_INFINITY;
    for (const serial of this.#ahead) if (serial < lowest) lowest = serial;
    const gap = { first: this.#next, last: lowest - 1 };
    this.#next = lowest;
    this.#absorb();
    return gap;
  }

  save(): number[] {
    return this.#next === undefined ? [] : [this.#next, ...this.#ahead];
  }

  restore(saved: readonly number[], count: number): void {
    this.#next = saved[0];
    for (const serial of saved.slice(1)) this.#ahead.add(serial);
    this.#aheadSince = undefined;
    this.#aheadAt = count;
  }

  #absorb(): void {
    while (this.#next !== undefined && this.#ahead.delete(this.#next)) this.#next += 1;
  }
}
