import { foldAscii } from './ascii.ts';
import type { Matcher } from './types.ts';

/**
 * The matcher of `if_group`: pieces separated by `|`, each found anywhere in the whole group text, or at its start when
 * written with `^`; ASCII case does not count. Not by words in spite of its name: `web` also finds `web-log,`. An empty
 * pattern or piece finds nothing.
 */
export class WordMatcher implements Matcher {
  readonly language = 'wordmatch';
  readonly pattern: string;
  readonly requiredLiterals: readonly string[] | undefined;
  readonly #contained: readonly string[];
  readonly #prefixes: readonly string[];

  constructor(pattern: string) {
    const pieces = foldAscii(pattern).split('|');
    this.pattern = pattern;
    this.#contained = pieces.filter((piece) => piece !== '' && !piece.startsWith('^'));
    this.#prefixes = pieces.filter((piece) => piece.startsWith('^')).map((piece) => piece.slice(1));
    this.requiredLiterals = this.#prefixes.includes('') ? undefined : [...this.#contained, ...this.#prefixes];
  }

  test(text: string, folded: string = foldAscii(text)): boolean {
    for (const prefix of this.#prefixes) if (folded.startsWith(prefix)) return true;
    for (const piece of this.#contained) if (folded.includes(piece)) return true;
    return false;
  }
}
