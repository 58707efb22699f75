/**
 * Text that several elements of one name add to. The originals put the pieces together with nothing between, and lose all of it
 * when a size is passed: then the text is undefined, and a later piece starts anew.
 */
export class Pieces {
  #text: string | undefined;
  readonly #fits: (text: string | undefined, piece: string) => boolean;

  private constructor(fits: (text: string | undefined, piece: string) => boolean, initial?: string) {
    this.#fits = fits;
    this.#text = initial;
  }

  /** Rules: a first piece below 2 KiB, further ones and what is there up to 2 KiB each. */
  static ofRule(initial?: string): Pieces {
    return new Pieces(
      (text, piece) => (text === undefined ? piece.length < 2048 : text.length <= 2048 && piece.length <= 2048),
      initial,
    );
  }

  /** Decoders: below 1 KiB in all. */
  static ofDecoder(): Pieces {
    return new Pieces((text, piece) => (text ?? '').length + piece.length < 1024);
  }

  get text(): string | undefined {
    return this.#text;
  }

  /** False where the piece did not fit, and the text is gone. */
  add(piece: string): boolean {
    const fits = this.#fits(this.#text, piece);
    this.#text = fits ? (this.#text ?? '') + piece : undefined;
    return fits;
  }
}
