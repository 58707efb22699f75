const TABLE_SIZE = 128;

/** Which single characters a class, an escape or a character of a pattern stands for: what JavaScript says. */
export class Atom {
  readonly #table = new Uint8Array(TABLE_SIZE);
  readonly #expression: RegExp;

  constructor(source: string, flags: string) {
    this.#expression = new RegExp(`^${source}$`, flags);
    for (let code = 0; code < TABLE_SIZE; code++) {
      this.#table[code] = this.#expression.test(String.fromCharCode(code)) ? 1 : 0;
    }
  }

  has(code: number): boolean {
    if (code < TABLE_SIZE) return code >= 0 && this.#table[code] === 1;
    return this.#expression.test(String.fromCodePoint(code));
  }
}

/** @param flags of the expression: `u`, `iu` */
export function atomOf(source: string, flags: string): Atom {
  return new Atom(source, flags);
}
