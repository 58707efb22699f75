import { isUtf8 } from 'node:buffer';
import { foldAscii, isAscii } from '../ascii.ts';
import { MatchLimitError, type Searcher, type SearchResult } from '../types.ts';
import type { Pattern } from './ast.ts';
import { checkCompilable, compileCode } from './compile.ts';
import { leadingSets } from './leading.ts';
import { exactTexts, requiredBytes, requiredLiterals } from './literals.ts';
import { Machine } from './machine.ts';
import { type PcreOptions, parsePcre } from './parse.ts';
import { planSearch, planTest, type SearchPlan, type TestPlan } from './plan.ts';

/** How captures are handed to a decoder: Wazuh assigns by number, OSSEC shifts over groups that are not set. */
export type CaptureRule = 'by-number' | 'packed';

export interface MatcherOptions extends PcreOptions {
  readonly captures: CaptureRule;
  /** Name to report, when the pattern was written in another language. */
  readonly language?: string;
  /** The pattern as the rule has it, when it was converted. */
  readonly written?: string;
}

/**
 * A PCRE2 pattern over bytes. A native expression does the work where it is proven to answer the same and to stay within
 * bounds on a text of that length, the backtracking machine with its step limit does the rest.
 */
export class PcreMatcher implements Searcher {
  readonly language: string;
  readonly pattern: string;
  readonly requiredLiterals: readonly string[] | undefined;
  readonly exactTexts: readonly string[] | undefined;
  readonly leading: readonly Uint8Array[] | undefined;
  readonly requiredBytes: readonly (readonly number[])[] | undefined;
  readonly #source: Pattern;
  readonly #captures: CaptureRule;
  #machine: Machine | undefined;
  #testPlan: TestPlan | undefined;
  #searchPlan: SearchPlan | undefined;

  /** @throws PatternError */
  constructor(pattern: string, options: MatcherOptions) {
    this.#source = parsePcre(pattern, options);
    checkCompilable(this.#source.root);
    this.language = options.language ?? 'pcre2';
    this.pattern = options.written ?? pattern;
    this.requiredLiterals = requiredLiterals(this.#source.root);
    this.exactTexts = pattern.includes('^') ? exactTexts(this.#source.root) : undefined;
    this.leading = leadingSets(this.#source.root);
    this.requiredBytes = requiredBytes(this.#source.root);
    this.#captures = options.captures;
  }

  test(text: string, folded: string = foldAscii(text)): boolean {
    this.#testPlan ??= planTest(this.#source, this.requiredLiterals);
    const plan = this.#testPlan;
    if (plan.filter && !plan.filter.passes(folded, 0)) return false;
    if (plan.needs && !containsOne(folded, plan.needs, 0)) return false;
    if (plan.ascii && !isAscii(text)) return this.#exec(text, 0) !== undefined;
    if (plan.literals) return plan.literals.test(plan.folded ? folded : text);
    if (plan.native && (text.length <= plan.longest || plan.starts?.areFew(folded, 0))) {
      try {
        return plan.native.test(plan.folded ? folded : text);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    if (plan.head && !plan.head.occursIn(text, 0)) return false;
    return this.#exec(text, 0) !== undefined;
  }

  search(text: string, from: number, folded: string = foldAscii(text)): SearchResult | undefined {
    this.#searchPlan ??= planSearch(this.#source, this.requiredLiterals);
    const plan = this.#searchPlan;
    if (plan.filter && !plan.filter.passes(folded, from)) return undefined;
    if (plan.needs && !containsOne(folded, plan.needs, from)) return undefined;
    const usable = !(plan.ascii && !isAscii(text));
    if (plan.native && usable && (text.length - from <= plan.longest || plan.starts?.areFew(folded, from))) {
      try {
        const match = plan.native.exec(from === 0 ? text : text.slice(from));
        if (!match) return undefined;
        return { resume: from + match.index + match[0].length, captures: this.#nativeCaptures(match) };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    if (plan.head && usable && !plan.head.occursIn(text, from)) return undefined;
    const places = this.#exec(text, from);
    return places && { resume: places[1]!, captures: this.#machineCaptures(text, places) };
  }

  #exec(text: string, from: number): Int32Array | undefined {
    if (this.#source.utf && !isAscii(text) && !isUtf8(Buffer.from(text.slice(from), 'latin1'))) return undefined;
    this.#machine ??= new Machine(compileCode(this.#source));
    const places = this.#machine.exec(text, from);
    if (places === 'limit') throw new MatchLimitError(this.pattern);
    return places;
  }

  /**
   * By number a group that is not set is an empty text when a later one is set, and absent otherwise; packed it is left
   * out.
   */
  #nativeCaptures(match: RegExpExecArray): string[] {
    let last = match.length - 1;
    while (last > 0 && match[last] === undefined) last--;
    const captures: string[] = [];
    for (let group = 1; group <= last; group++) {
      const capture = match[group];
      if (capture !== undefined) captures.push(capture);
      else if (this.#captures === 'by-number') captures.push('');
    }
    return captures;
  }

  #machineCaptures(text: string, places: Int32Array): string[] {
    let last = this.#source.groups;
    while (last > 0 && places[2 * last + 1]! < 0) last--;
    const captures: string[] = [];
    for (let group = 1; group <= last; group++) {
      const end = places[2 * group + 1]!;
      if (end >= 0) captures.push(text.slice(places[2 * group], end));
      else if (this.#captures === 'by-number') captures.push('');
    }
    return captures;
  }
}

function containsOne(folded: string, literals: readonly string[], from: number): boolean {
  for (const literal of literals) if (folded.includes(literal, from)) return true;
  return false;
}
