/** Next place of a text; remembers the last answer, so that many questions going forward cost one pass. */
export class Occurrences {
  readonly #input: string;
  readonly #text: string;
  /** -1: none is left; not a number: not asked yet. */
  #found = Number.NaN;

  constructor(input: string, text: string) {
    this.#input = input;
    this.#text = text;
  }

  next(from: number): number {
    if (this.#found !== -1 && !(this.#found >= from)) this.#found = this.#input.indexOf(this.#text, from);
    return this.#found;
  }
}

/** C `isspace`; false at the end of the input. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

export function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
