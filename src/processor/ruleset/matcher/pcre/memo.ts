/** Bits for all states and places of one search: four megabytes. */
const MAX_BITS = 2 ** 25;

/**
 * What a search has tried: a state (a place in the code) that failed at a place in the text fails there again, whatever
 * led to it. With it the work is bounded by states times places. One is enough, since a match never runs inside another.
 */
export class Memo {
  #bits = new Int32Array(1024);
  #stride = 0;
  #origin = 0;
  /** The stretch of bytes that a run was last seen in, for each state behind a run: first place, end, lowest place tried. */
  #firsts = new Int32Array(16);
  #ends = new Int32Array(16);
  #lows = new Int32Array(16);

  /** False when the states and places are too many. */
  begin(states: number, from: number, size: number): boolean {
    const stride = size - from + 1;
    const bits = states * stride;
    if (states === 0 || bits > MAX_BITS) return false;
    const words = (bits >> 5) + 1;
    if (words > this.#bits.length) this.#bits = new Int32Array(Math.max(words, this.#bits.length * 2));
    else this.#bits.fill(0, 0, words);
    if (states > this.#ends.length) {
      this.#firsts = new Int32Array(states);
      this.#ends = new Int32Array(states);
      this.#lows = new Int32Array(states);
    }
    this.#ends.fill(-1);
    this.#stride = stride;
    this.#origin = from;
    return true;
  }

  /** Notes that a state is tried at a place; true when it was before. A state below zero is never remembered. */
  wasTried(state: number, place: number): boolean {
    if (state < 0) return false;
    const bit = state * this.#stride + place - this.#origin;
    const word = this.#bits[bit >> 5]!;
    const mask = 1 << (bit & 31);
    if ((word & mask) !== 0) return true;
    this.#bits[bit >> 5] = word | mask;
    return false;
  }

  /** From where on it is known how far the bytes of a run go, for a run that begins at `place`; -1 when it is not. */
  firstOfStretch(state: number, place: number): number {
    return place <= this.#ends[state]! ? Math.max(place, this.#firsts[state]!) : -1;
  }

  /** Takes note that a run went from `first` to `place`, and answers where it ends. */
  extendStretch(state: number, first: number, place: number): number {
    const known = place >= this.#firsts[state]! && place <= this.#ends[state]!;
    if (!known) {
      this.#ends[state] = place;
      this.#lows[state] = place + 1;
    }
    if (!known || first < this.#firsts[state]!) this.#firsts[state] = first;
    return this.#ends[state]!;
  }

  /** Highest place up to `place` that was not tried; places of one stretch are tried from its end down. */
  highestUntried(state: number, place: number): number {
    if (state < 0 || place > this.#ends[state]! || place < this.#firsts[state]!) return place;
    return Math.min(place, this.#lows[state]! - 1);
  }

  /** Notes that all places of the stretch from this one on are done with. */
  triedDownTo(state: number, place: number): void {
    if (state < 0 || place > this.#ends[state]! || place < this.#firsts[state]!) return;
    if (place < this.#lows[state]!) this.#lows[state] = place;
  }
}
