import { FOLD } from './ascii.ts';

const NONE = 0;

/**
 * Finds where each of many literals stands first in a text, without regard to ASCII case, by one walk over the text: from
 * every byte that some literal ends with back over what may stand before. Made for names of fields, of which a log has
 * dozens and nearly all end alike.
 */
export class PlaceFinder {
  readonly count: number;
  /** Byte to the node that literals ending with it share; NONE for no literal. */
  readonly #last = new Int32Array(256);
  /** Pairs of a node and the byte before it to the next node: open addressing, keys and nodes in turn. */
  readonly #next: Int32Array;
  readonly #mask: number;
  /** Node to the number of the literal that is complete there; -1 for none. */
  readonly #complete: Int32Array;

  /** @param literals distinct, in ASCII lower case, none empty */
  constructor(literals: readonly string[]) {
    this.count = literals.length;
    const bytes = literals.reduce((sum, { length }) => sum + length, 0);
    const slots = 2 ** Math.ceil(Math.log2(2 * bytes + 2));
    this.#next = new Int32Array(2 * slots);
    this.#mask = slots - 1;
    this.#complete = new Int32Array(bytes + 1).fill(-1);
    let nodes = NONE;
    for (const [number, literal] of literals.entries()) {
      let node = 0;
      for (let at = literal.length - 1; at >= 0; at--) {
        const byte = literal.charCodeAt(at);
        const known = at === literal.length - 1 ? this.#last[byte]! : this.#before(node, byte);
        if (known !== NONE) node = known;
        else if (at === literal.length - 1) {
          node = ++nodes;
          this.#last[byte] = node;
        } else node = this.#add(node, byte, ++nodes);
      }
      this.#complete[node] = number;
    }
    for (let byte = 65; byte <= 90; byte++) this.#last[byte] = this.#last[byte + 32]!;
  }

  /** Sets `places[number]` to where each literal begins first within `size` bytes, -1 where it does not stand there. */
  find(bytes: Uint8Array, size: number, places: Int32Array): void {
    const last = this.#last;
    const complete = this.#complete;
    for (let number = 0; number < this.count; number++) places[number] = -1;
    for (let end = 0; end < size; end++) {
      let node = last[bytes[end]!]!;
      for (let at = end; node !== NONE; node = this.#before(node, FOLD[bytes[at]!]!)) {
        const number = complete[node]!;
        if (number >= 0 && places[number]! < 0) places[number] = at;
        if (--at < 0) break;
      }
    }
  }

  #before(node: number, byte: number): number {
    const next = this.#next;
    const key = (node << 8) | byte;
    for (let slot = slotOf(key) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const found = next[2 * slot]!;
      if (found === key) return next[2 * slot + 1]!;
      if (found === 0) return NONE;
    }
  }

  #add(node: number, byte: number, added: number): number {
    const key = (node << 8) | byte;
    let slot = slotOf(key) & this.#mask;
    while (this.#next[2 * slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#next[2 * slot] = key;
    this.#next[2 * slot + 1] = added;
    return added;
  }
}

function slotOf(key: number): number {
  return Math.imul(key, 0x9e3779b1) >>> 12;
}
