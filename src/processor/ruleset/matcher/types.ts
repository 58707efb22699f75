/**
 * Texts here are bytes: a string whose every character is one byte (latin1). That is exact, since the original engines
 * compare bytes, and it is the form V8 handles fastest.
 */

/** Decides whether a text matches; stateless. */
export interface Matcher {
  /** `osmatch`, `osregex`, `pcre2`, `exact`. */
  readonly language: string;
  readonly pattern: string;
  /**
   * @param folded `text` in ASCII lower case (`foldAscii`), for callers that test one text with many matchers; it saves
   *   the matchers that ignore case from folding it again and must be exactly that, or absent
   * @throws MatchLimitError
   */
  test(text: string, folded?: string): boolean;
  /**
   * Literals of which at least one occurs in every text that matches (ASCII lower-cased), or undefined where there is no
   * such set. Indexes are built on it; a wrong set loses alerts, so it is only given where proven.
   */
  readonly requiredLiterals?: readonly string[];
  /**
   * Texts (ASCII lower-cased) to one of which every text that matches is equal but for ASCII case, or undefined where
   * that is not so. For indexes, like `requiredLiterals`.
   */
  readonly exactTexts?: readonly string[];
  /**
   * Sets of bytes (256 entries, 1 for a member): the first byte of every text that matches is in the first, and so on, so
   * no matching text is shorter. Undefined where a match may begin anywhere.
   */
  readonly leading?: readonly Uint8Array[];
  /**
   * Bytes (letters in lower case) that a text has to contain to match: all of one of these lists, folded. Undefined where
   * nothing is known.
   */
  readonly requiredBytes?: readonly (readonly number[])[];
}

/**
 * Finds a match and its captures in `text` from byte `from` on; `^` means `from`, and nothing before it is seen. `test`
 * asks whether there is a match from byte 0 on.
 */
export interface Searcher extends Matcher {
  /**
   * For each alternative the literal (ASCII lower-cased) that all its matches begin with, an empty text where there is none.
   * Undefined where `search` does not care for `starts`.
   */
  readonly starts?: readonly string[];
  /**
   * @param starts for each literal of `this.starts` where it stands first in all of `text`, -1 where it does not; for callers
   *   that have found out about many searchers at once. Any other number for an alternative that has none
   */
  search(text: string, from: number, folded?: string, starts?: Int32Array): SearchResult | undefined;
}

export interface SearchResult {
  /** Where a decoder with `offset` goes on (the dialect's end-pointer quirks are already applied). */
  readonly resume: number;
  /** Captured texts in the order the engine assigns them; undefined is "not set", an empty text is a value. */
  readonly captures: readonly (string | undefined)[];
}

/** The pattern has a syntax error in its own language; the message is for people. */
export class PatternError extends Error {
  override name = 'PatternError';
  /** Offset in the pattern, in bytes, where it is known. */
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * A match was given up because it took more steps than allowed. The event goes on as "no match"; the engine reports
 * the rule or decoder, since a silent rule is a way to hide.
 */
export class MatchLimitError extends Error {
  override name = 'MatchLimitError';
  readonly pattern: string;

  constructor(pattern: string) {
    super(`match limit reached: ${pattern}`);
    this.pattern = pattern;
  }
}
