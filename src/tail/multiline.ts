const NEWLINE = 10;
/** Bytes of a line that a pattern sees: of its beginning, or of its end. */
const MAX_TESTED = 4096;

/** Answers in a time that grows no faster than the text: whoever writes the log chooses it. */
export interface LinePattern {
  test(line: string): boolean;
}

/** Which lines belong together: a record begins with a line that matches, or ends with one. */
export interface MultilinePatterns {
  start?: LinePattern | undefined;
  end?: LinePattern | undefined;
}

/** Finds where records of several lines end. Works on complete lines; what is not complete yet waits in the file. */
export class Multiline {
  readonly #start: LinePattern | undefined;
  readonly #end: LinePattern | undefined;
  readonly #maxLogSize: number;

  constructor({ start, end }: MultilinePatterns, maxLogSize: number) {
    this.#start = start;
    this.#end = end;
    this.#maxLogSize = maxLogSize;
  }

  /** Index of the line end that ends the record which begins at `at`; -1 where that is not known yet. */
  recordEnd(view: Buffer, at: number): number {
    let last = -1;
    for (let from = at; from - at <= this.#maxLogSize; ) {
      const newline = view.indexOf(NEWLINE, from);
      if (this.#start && last >= 0) {
        // A line that is still being written is judged only where the record cannot grow any more.
        const isTooLong = newline < 0 && view.length - at > this.#maxLogSize;
        if ((newline >= 0 || isTooLong) && this.#begins(view, from, newline < 0 ? view.length : newline)) return last;
      }
      if (newline < 0) return -1;
      if (this.#end && this.#ends(view, from, newline)) return newline;
      last = newline;
      from = newline + 1;
    }
    return -1;
  }

  /**
   * Where the rest of a record that was too long ends: the first byte behind it, and whether that is the end of it, or only of
   * what can be judged.
   */
  skip(view: Buffer, from: number): { at: number; done: boolean } {
    for (let at = from; ; ) {
      const newline = view.indexOf(NEWLINE, at);
      const isLineStart = at > 0 && view[at - 1] === NEWLINE;
      if (this.#start && isLineStart) {
        if (newline < 0 && view.length - at <= MAX_TESTED) return { at, done: false };
        if (this.#begins(view, at, newline < 0 ? view.length : newline)) return { at, done: true };
      }
      if (newline < 0) return { at: view.length, done: false };
      if (this.#end && this.#ends(view, at, newline)) return { at: newline + 1, done: true };
      at = newline + 1;
    }
  }

  #begins(view: Buffer, from: number, to: number): boolean {
    return this.#start?.test(textOf(view, from, Math.min(to, from + MAX_TESTED))) ?? false;
  }

  #ends(view: Buffer, from: number, to: number): boolean {
    return this.#end?.test(textOf(view, Math.max(from, to - MAX_TESTED), to)) ?? false;
  }
}

/** Without the carriage return of a line end. */
function textOf(view: Buffer, from: number, to: number): string {
  return view.toString('utf8', from, to > from && view[to - 1] === 13 ? to - 1 : to);
}
