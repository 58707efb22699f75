import { foldAscii, hasHighByte } from '../ascii.ts';
import { type LiteralAlternative, LiteralSet } from '../literal-set.ts';
import type { Searcher, SearchResult } from '../types.ts';
import { parseOsMatch } from './parse.ts';

/** OS_Match as Wazuh 4.14 runs it: literals, ASCII case-insensitive, anchors, alternation, a leading `!`. */
export class OsMatchMatcher implements Searcher {
  readonly language = 'osmatch';
  readonly pattern: string;
  readonly requiredLiterals: readonly string[] | undefined;
  readonly exactTexts: readonly string[] | undefined;
  readonly #negated: boolean;
  readonly #literals: LiteralSet;

  constructor(pattern: string) {
    const { negated, alternatives } = parseOsMatch(pattern);
    const possible = alternatives.filter(isPossible).map(fold);
    this.pattern = pattern;
    this.#negated = negated;
    this.#literals = new LiteralSet(possible);
    if (!negated && possible.every(({ text }) => text !== '')) {
      this.requiredLiterals = [...new Set(possible.map(({ text }) => text))];
    }
    if (!negated && possible.every(({ begin, end }) => begin && end))
      this.exactTexts = possible.map(({ text }) => text);
  }

  test(text: string, folded: string = foldAscii(text)): boolean {
    return this.#literals.test(folded) !== this.#negated;
  }

  /** OS_Match has no captures and reports no end; `resume` is the end of the text. Wazuh takes it for no decoder element. */
  search(text: string, from: number): SearchResult | undefined {
    return this.test(from === 0 ? text : text.slice(from)) ? { resume: text.length, captures: [] } : undefined;
  }
}

function fold({ text, begin, end }: LiteralAlternative): LiteralAlternative {
  return { text: foldAscii(text), begin, end };
}

/**
 * Without an anchor the original compares signed pattern bytes with unsigned text bytes, so a byte above 127 is never
 * found; with one it compares by a library call, which finds it.
 */
function isPossible({ text, begin, end }: LiteralAlternative): boolean {
  return begin || end || !hasHighByte(text);
}
