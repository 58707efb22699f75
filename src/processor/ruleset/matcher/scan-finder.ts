import { FOLD } from './ascii.ts';
import { bestWindow, MIN_LITERAL, type WindowRarity } from './literal-windows.ts';

const HASH_BITS = 16;
/** Makes letters lower case, and other bytes something that is the same for equal ones. */
const LOWER = 0x20202020;

/**
 * `LiteralFinder` in JavaScript. Of each literal the four bytes that are rarest in logs are hashed; the pass hashes every
 * four bytes of the text and compares where a bit is set. Immutable.
 */
export class ScanFinder {
  /** One bit for each hash. */
  readonly #bits = new Uint32Array(1 << (HASH_BITS - 5));
  /** Hash to the first literal of that hash plus one. */
  readonly #heads = new Uint32Array(1 << HASH_BITS);
  /** Literal to the next of the same hash plus one. */
  readonly #next: Uint32Array;
  /** The hashed bytes of each literal, capitals as `LOWER` makes them. */
  readonly #windows: Int32Array;
  /** Where the hashed bytes lie in each literal. */
  readonly #offsets: Uint32Array;
  /** Literal `id` lies in `#bytes` from `#starts[id]` to `#starts[id + 1]`. */
  readonly #starts: Uint32Array;
  readonly #bytes: Uint8Array;

  /** @param literals distinct, in ASCII lower case, of at least MIN_LITERAL bytes */
  constructor(literals: readonly string[], rarity: WindowRarity) {
    const count = literals.length;
    this.#next = new Uint32Array(count);
    this.#windows = new Int32Array(count);
    this.#offsets = new Uint32Array(count);
    this.#starts = new Uint32Array(count + 1);
    this.#bytes = Buffer.from(literals.join(''), 'latin1');
    for (const [id, literal] of literals.entries()) {
      this.#starts[id + 1] = this.#starts[id]! + literal.length;
      const offset = bestWindow(literal, rarity, 0, 1);
      const window = windowOf(literal, offset);
      const hash = hashOf(window);
      this.#windows[id] = window;
      this.#offsets[id] = offset;
      this.#next[id] = this.#heads[hash]!;
      this.#heads[hash] = id + 1;
      this.#bits[hash >>> 5]! |= 1 << (hash & 31);
    }
  }

  /**
   * Sets `found[id] = mark` for every literal that occurs in the first `length` bytes and puts its number into `list`;
   * returns how many there are.
   */
  find(bytes: Uint8Array, length: number, found: Uint32Array, mark: number, list: Uint32Array): number {
    const bits = this.#bits;
    let count = 0;
    if (length < MIN_LITERAL) return count;
    let window = (bytes[0]! << 16) | (bytes[1]! << 8) | bytes[2]!;
    for (let at = 3; at < length; at++) {
      window = (window << 8) | bytes[at]!;
      const hash = Math.imul(window | LOWER, 0x9e3779b1) >>> (32 - HASH_BITS);
      if (((bits[hash >>> 5]! >>> (hash & 31)) & 1) !== 0) {
        count = this.#compare(bytes, length, at - 3, window | LOWER, hash, found, mark, list, count);
      }
    }
    return count;
  }

  #compare(
    bytes: Uint8Array,
    length: number,
    at: number,
    window: number,
    hash: number,
    found: Uint32Array,
    mark: number,
    list: Uint32Array,
    count: number,
  ): number {
    const windows = this.#windows;
    for (let next = this.#heads[hash]!; next !== 0; next = this.#next[next - 1]!) {
      const id = next - 1;
      if (windows[id] !== window || found[id] === mark) continue;
      const from = this.#starts[id]!;
      const to = this.#starts[id + 1]!;
      let place = at - this.#offsets[id]!;
      if (place < 0 || place + to - from > length) continue;
      let byte = from;
      while (byte < to && FOLD[bytes[place]!] === this.#bytes[byte]) {
        byte++;
        place++;
      }
      if (byte === to) {
        found[id] = mark;
        list[count++] = id;
      }
    }
    return count;
  }
}

function windowOf(literal: string, at: number): number {
  return (
    (literal.charCodeAt(at) << 24) |
    (literal.charCodeAt(at + 1) << 16) |
    (literal.charCodeAt(at + 2) << 8) |
    literal.charCodeAt(at + 3) |
    LOWER
  );
}

function hashOf(window: number): number {
  return Math.imul(window, 0x9e3779b1) >>> (32 - HASH_BITS);
}
