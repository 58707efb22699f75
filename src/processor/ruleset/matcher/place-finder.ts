import { FOLD } from './ascii.ts';

const NONE = 0;
const QUOTE = 34;

/** In the number of a node: the byte that leads to its first child, whether there are more, whether a literal ends. */
const BYTE = 255;
const FORKS = 256;
const COMPLETE = 512;
const CHILD = 10;

/**
 * Finds where each of many literals stands first in a text, without regard to ASCII case, by one walk over the text: from
 * every byte that some literal ends with back over what may stand before. Made for names of fields, of which a log has
 * dozens and nearly all end alike, many with a quote or without one.
 */
export class PlaceFinder {
  readonly count: number;
  /** Byte to the node that literals ending with it share; NONE for no literal. */
  readonly #last = new Int32Array(256);
  /** Node to its flags and its first child, in one number since a walk takes many steps. */
  readonly #nodes: Int32Array;
  /** Pairs of a node and a byte to the next node: open addressing, keys and nodes in turn. */
  readonly #next: Int32Array;
  /** Node to the number of the literal that is complete there, and of that with a quote behind; -1 for none. */
  readonly #plain: Int32Array;
  readonly #quoted: Int32Array;

  /** @param literals distinct, in ASCII lower case, none empty */
  constructor(literals: readonly string[]) {
    this.count = literals.length;
    const bytes = literals.reduce((sum, { length }) => sum + length, 0);
    const slots = 2 ** Math.ceil(Math.log2(2 * bytes + 2));
    this.#nodes = new Int32Array(bytes + 1);
    this.#next = new Int32Array(2 * slots);
    this.#plain = new Int32Array(bytes + 1).fill(-1);
    this.#quoted = new Int32Array(bytes + 1).fill(-1);
    let made = NONE;
    for (const [number, literal] of literals.entries()) {
      const isQuoted = literal.length > 1 && literal.charCodeAt(literal.length - 1) === QUOTE;
      const end = literal.length - (isQuoted ? 2 : 1);
      let node = this.#last[literal.charCodeAt(end)]!;
      if (node === NONE) {
        node = ++made;
        this.#last[literal.charCodeAt(end)] = node;
      }
      for (let at = end - 1; at >= 0; at--) {
        const byte = literal.charCodeAt(at);
        const known = lookUp(this.#next, node, byte);
        node = known === NONE ? this.#add(node, byte, ++made) : known;
      }
      (isQuoted ? this.#quoted : this.#plain)[node] = number;
      this.#nodes[node]! |= COMPLETE;
    }
    for (let byte = 65; byte <= 90; byte++) this.#last[byte] = this.#last[byte + 32]!;
  }

  /**
   * Sets `places[number]` to where each literal begins first within `size` bytes, -1 where it does not stand there.
   *
   * @param bytes of the text, and one more
   */
  find(bytes: Uint8Array, size: number, places: Int32Array): void {
    const last = this.#last;
    const nodes = this.#nodes;
    const next = this.#next;
    for (let number = 0; number < this.count; number++) places[number] = -1;
    for (let end = firstOf(last, bytes, 0, size); end < size; end = firstOf(last, bytes, end + 1, size)) {
      let node = last[bytes[end]!]!;
      let at = end;
      while (node !== NONE) {
        const word = nodes[node]!;
        if ((word & COMPLETE) !== 0) this.#note(node, at, end + 1 < size && bytes[end + 1] === QUOTE, places);
        if (--at < 0) break;
        const byte = FOLD[bytes[at]!]!;
        if ((word & BYTE) === byte) node = word >>> CHILD;
        else node = (word & FORKS) !== 0 ? lookUp(next, node, byte) : NONE;
      }
    }
  }

  #note(node: number, at: number, quote: boolean, places: Int32Array): void {
    const plain = this.#plain[node]!;
    if (plain >= 0 && places[plain]! < 0) places[plain] = at;
    if (!quote) return;
    const quoted = this.#quoted[node]!;
    if (quoted >= 0 && places[quoted]! < 0) places[quoted] = at;
  }

  #add(node: number, byte: number, added: number): number {
    this.#nodes[node]! |= this.#nodes[node]! >>> CHILD === NONE ? (added << CHILD) | byte : FORKS;
    const key = (node << 8) | byte;
    const next = this.#next;
    const mask = next.length - 1;
    let slot = slotOf(key) & mask;
    while (next[slot] !== 0) slot = (slot + 2) & mask;
    next[slot] = key;
    next[slot + 1] = added;
    return added;
  }
}

/** Where a literal may end next. A function of its own, small enough for all of its loop to stay in registers. */
function firstOf(last: Int32Array, bytes: Uint8Array, from: number, size: number): number {
  for (let end = from; end < size; end++) if (last[bytes[end]!] !== NONE) return end;
  return size;
}

function lookUp(next: Int32Array, node: number, byte: number): number {
  const mask = next.length - 1;
  const key = (node << 8) | byte;
  for (let slot = slotOf(key) & mask; ; slot = (slot + 2) & mask) {
    const found = next[slot]!;
    if (found === key) return next[slot + 1]!;
    if (found === 0) return NONE;
  }
}

/** Keys stand at even places. */
function slotOf(key: number): number {
  return (Math.imul(key, 0x9e3779b1) >>> 12) & ~1;
}
