import { foldAscii, hasHighByte } from '../ascii.ts';
import type { Searcher, SearchResult } from '../types.ts';
import { type LiteralAlternative, parseOsMatch } from './parse.ts';

/** What is left to do at match time; chosen once, so that the common shapes cost one native call. */
type Shape = 'always' | 'never' | 'contains' | 'prefix' | 'suffix' | 'equals' | 'list';

/** OS_Match as Wazuh 4.14 runs it: literals, ASCII case-insensitive, anchors, alternation, a leading `!`. */
export class OsMatchMatcher implements Searcher {
  readonly language = 'osmatch';
  readonly pattern: string;
  readonly requiredLiterals: readonly string[] | undefined;
  readonly #negated: boolean;
  readonly #alternatives: readonly LiteralAlternative[];
  readonly #shape: Shape;
  readonly #text: string;

  constructor(pattern: string) {
    const { negated, alternatives } = parseOsMatch(pattern);
    const possible = alternatives.map(fold).filter(isPossible);
    const first = possible[0];
    this.pattern = pattern;
    this.#negated = negated;
    this.#alternatives = possible;
    this.#text = first?.text ?? '';
    this.#shape = chooseShape(possible);
    if (!negated && this.#shape !== 'always' && possible.every(({ text }) => text !== '')) {
      this.requiredLiterals = [...new Set(possible.map(({ text }) => text))];
    }
  }

  test(text: string, folded: string = foldAscii(text)): boolean {
    return this.#find(folded) !== this.#negated;
  }

  /** OS_Match has no captures and reports no end; `resume` is the end of the text. Wazuh takes it for no decoder element. */
  search(text: string, from: number): SearchResult | undefined {
    return this.test(from === 0 ? text : text.slice(from)) ? { resume: text.length, captures: [] } : undefined;
  }

  #find(folded: string): boolean {
    switch (this.#shape) {
      case 'contains':
        return folded.includes(this.#text);
      case 'prefix':
        return folded.startsWith(this.#text);
      case 'suffix':
        return folded.endsWith(this.#text);
      case 'equals':
        return folded === this.#text;
      case 'always':
        return true;
      case 'never':
        return false;
      case 'list':
        return this.#alternatives.some((alternative) => matches(alternative, folded));
    }
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

function chooseShape(alternatives: readonly LiteralAlternative[]): Shape {
  if (alternatives.some(matchesAlways)) return 'always';
  if (alternatives.length === 0) return 'never';
  if (alternatives.length > 1) return 'list';
  const { begin, end } = alternatives[0]!;
  if (begin && end) return 'equals';
  if (begin) return 'prefix';
  return end ? 'suffix' : 'contains';
}

/** An empty piece matches every text, with one anchor too; only `^$` means the empty text. */
function matchesAlways({ text, begin, end }: LiteralAlternative): boolean {
  return text === '' && !(begin && end);
}

function matches({ text, begin, end }: LiteralAlternative, folded: string): boolean {
  if (begin) return end ? folded === text : folded.startsWith(text);
  return end ? folded.endsWith(text) : folded.includes(text);
}
