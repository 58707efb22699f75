import { foldAscii } from '../ascii.ts';
import { PcreMatcher } from '../pcre/matcher.ts';
import { PatternError, type Searcher, type SearchResult } from '../types.ts';
import { convertOsMatch, convertOsRegex } from './convert.ts';

/** @throws PatternError */
export function compileOssecRegex(pattern: string): Searcher {
  const literal = plainLiteral(pattern, /[\\()|^$]/);
  return literal ?? compileConverted('osregex', pattern, convertOsRegex(pattern));
}

/** @throws PatternError */
export function compileOssecMatch(pattern: string): Searcher {
  const literal = plainLiteral(pattern, /[|^$]/);
  return literal ?? compileConverted('osmatch', pattern, convertOsMatch(pattern));
}

function compileConverted(language: string, pattern: string, converted: string): Searcher {
  try {
    return new PcreMatcher(converted, { caseless: true, utf: true, captures: 'packed', language, written: pattern });
  } catch (error) {
    // Offsets are those of the converted text.
    if (error instanceof PatternError) throw new PatternError(error.message);
    throw error;
  }
}

/**
 * A single literal with an anchor (and the empty pattern) is compared byte by byte in the original, ignoring ASCII case
 * only: unlike the others it takes texts that are not valid UTF-8.
 */
function plainLiteral(pattern: string, special: RegExp): Searcher | undefined {
  if (pattern === '') return new AnchoredLiteral('', pattern, true, false);
  const begin = pattern.startsWith('^');
  const rest = begin ? pattern.slice(1) : pattern;
  const end = rest.endsWith('$');
  const text = end ? rest.slice(0, -1) : rest;
  if (!(begin || end) || special.test(text) || (text === '' && end)) return undefined;
  return new AnchoredLiteral(text, pattern, begin, end);
}

class AnchoredLiteral implements Searcher {
  readonly language = 'osmatch';
  readonly pattern: string;
  readonly requiredLiterals: readonly string[] | undefined;
  readonly exactTexts: readonly string[] | undefined;
  readonly #text: string;
  readonly #begin: boolean;
  readonly #end: boolean;

  constructor(text: string, pattern: string, begin: boolean, end: boolean) {
    this.pattern = pattern;
    this.#text = foldAscii(text);
    this.#begin = begin;
    this.#end = end;
    this.requiredLiterals = text === '' ? undefined : [this.#text];
    this.exactTexts = begin && end ? [this.#text] : undefined;
  }

  test(text: string, folded: string = foldAscii(text)): boolean {
    return this.#matches(folded, 0);
  }

  search(text: string, from: number, folded: string = foldAscii(text)): SearchResult | undefined {
    if (!this.#matches(folded, from)) return undefined;
    return { resume: this.#end ? text.length : from + this.#text.length, captures: [] };
  }

  #matches(folded: string, from: number): boolean {
    const literal = this.#text;
    if (this.#begin) return folded.startsWith(literal, from) && (!this.#end || folded.length === from + literal.length);
    return folded.length >= from + literal.length && folded.endsWith(literal);
  }
}
