import { foldAscii } from '../ascii.ts';
import { bytesOf } from '../byte-view.ts';
import { LiteralSet } from '../literal-set.ts';
import { type Matcher, MatchLimitError, type Searcher, type SearchResult } from '../types.ts';
import { Alternatives } from './alternatives.ts';
import { leadingSets } from './leading.ts';
import { exactTexts, literalAlternatives, requiredBytes, requiredLiterals } from './literals.ts';
import { LIMIT, NO_MATCH, run, UNKNOWN } from './machine.ts';
import { parseOsRegex, type Token } from './parse.ts';
import { literalStart } from './program.ts';

/**
 * OS_Regex as Wazuh 4.14 runs it. The same pattern compiled with captures (decoders) and without (rules) can decide
 * differently: with captures a match that reaches the end of the text skips a few more trailing tokens.
 */
export class OsRegexMatcher implements Matcher {
  readonly language = 'osregex';
  readonly pattern: string;
  readonly requiredLiterals: readonly string[] | undefined;
  readonly exactTexts: readonly string[] | undefined;
  /** One of them from the first text on. */
  #literals: LiteralSet | undefined = undefined;
  #alternatives: Alternatives | undefined = undefined;

  /** @throws PatternError */
  constructor(pattern: string) {
    const alternatives = parseOsRegex(pattern);
    this.pattern = pattern;
    this.requiredLiterals = requiredLiterals(alternatives);
    this.exactTexts = exactTexts(alternatives);
  }

  test(text: string, folded?: string): boolean {
    if (this.#literals !== undefined) return this.#literals.test(folded ?? foldAscii(text));
    const alternatives = this.#alternatives;
    if (alternatives === undefined) {
      this.#prepare();
      return this.test(text, folded);
    }
    const bytes = bytesOf(text);
    if (!alternatives.mayMatch(text, bytes, folded, 0)) return false;
    for (const program of alternatives.programs) {
      const end = run(program, text, bytes, folded, 0, undefined, false);
      if (end === LIMIT) throw new MatchLimitError(this.pattern);
      if (end !== NO_MATCH) return alternatives.matched();
    }
    return alternatives.missed(text, folded, 0);
  }

  #prepare(): void {
    const literals = literalAlternatives(parseOsRegex(this.pattern));
    if (literals) this.#literals = new LiteralSet(literals);
    else this.#alternatives = new Alternatives(this.pattern);
  }
}

/** OS_Regex compiled with captures; captures of an alternative are packed from the first on. */
export class OsRegexSearcher implements Searcher {
  readonly language = 'osregex';
  readonly pattern: string;
  readonly requiredLiterals: readonly string[] | undefined;
  readonly exactTexts: readonly string[] | undefined;
  readonly leading: readonly Uint8Array[] | undefined;
  readonly requiredBytes: readonly (readonly number[])[] | undefined;
  #alternatives: Alternatives | undefined = undefined;
  readonly #places: Int32Array;

  /** @throws PatternError */
  constructor(pattern: string) {
    const alternatives = parseOsRegex(pattern);
    this.pattern = pattern;
    this.requiredLiterals = requiredLiterals(alternatives);
    this.exactTexts = exactTexts(alternatives);
    this.leading = leadingSets(alternatives);
    this.requiredBytes = requiredBytes(alternatives);
    const slots = Math.max(...alternatives.map(({ tokens }) => tokens.filter(isParenthesis).length));
    this.#places = new Int32Array(slots);
  }

  test(text: string, folded?: string): boolean {
    return this.search(text, 0, folded) !== undefined;
  }

  get starts(): string[] {
    return parseOsRegex(this.pattern).map(literalStart);
  }

  search(text: string, from: number, folded?: string, starts?: Int32Array): SearchResult | undefined {
    const bytes = bytesOf(text);
    const places = this.#places;
    const captureMode = places.length > 0;
    this.#alternatives ??= new Alternatives(this.pattern);
    const alternatives = this.#alternatives;
    if (!alternatives.mayMatch(text, bytes, folded, from)) return undefined;
    const { programs } = alternatives;
    for (let index = 0; index < programs.length; index++) {
      const program = programs[index]!;
      const start = starts === undefined ? UNKNOWN : starts[index]!;
      if (start < 0 && starts !== undefined) continue;
      const { parens } = program;
      for (let slot = 0; slot < parens; slot++) places[slot] = -1;
      const wanted = parens > 0 ? places : undefined;
      const end = run(program, text, bytes, folded, from, wanted, captureMode, start);
      if (end === NO_MATCH) continue;
      if (end === LIMIT) throw new MatchLimitError(this.pattern);
      alternatives.matched();
      const captures = collect(text, places, program.parens);
      if (!captures) return undefined;
      return { resume: end < text.length ? end + 1 : end, captures };
    }
    alternatives.missed(text, folded, from);
    return undefined;
  }
}

function isParenthesis({ kind }: Token): boolean {
  return kind === 'open' || kind === 'close';
}

const NO_CAPTURES: readonly string[] = [];

/**
 * The complete pairs up to the first incomplete one. Undefined where a capture ends before it begins: the original
 * crashes on it (` (\S*)$` on a text ending in two blanks), which here is no match.
 */
function collect(text: string, places: Int32Array, count: number): readonly string[] | undefined {
  if (count === 0) return NO_CAPTURES;
  const captures: string[] = [];
  for (let i = 0; i + 1 < count; i += 2) {
    const open = places[i]!;
    const close = places[i + 1]!;
    if (open < 0 || close < 0) break;
    if (close < open) return undefined;
    captures.push(text.slice(open, close));
  }
  return captures;
}
