import { isUtf8 } from 'node:buffer';
import { hasHighByte } from '../ascii.ts';
import { MatchLimitError, type Searcher, type SearchResult } from '../types.ts';
import { compileCode } from './compile.ts';
import { Machine } from './machine.ts';
import { type PcreOptions, parsePcre } from './parse.ts';

/** How captures are handed to a decoder: Wazuh assigns by number, OSSEC shifts over groups that are not set. */
export type CaptureRule = 'by-number' | 'packed';

export interface MatcherOptions extends PcreOptions {
  readonly captures: CaptureRule;
  /** Name to report, when the pattern was written in another language. */
  readonly language?: string;
  /** The pattern as the rule has it, when it was converted. */
  readonly written?: string;
}

export class PcreMatcher implements Searcher {
  readonly language: string;
  readonly pattern: string;
  readonly #machine: Machine;
  readonly #groups: number;
  readonly #captures: CaptureRule;
  readonly #utf: boolean;

  /** @throws PatternError */
  constructor(pattern: string, options: MatcherOptions) {
    const parsed = parsePcre(pattern, options);
    this.language = options.language ?? 'pcre2';
    this.pattern = options.written ?? pattern;
    this.#machine = new Machine(compileCode(parsed));
    this.#groups = parsed.groups;
    this.#utf = parsed.utf;
    this.#captures = options.captures;
  }

  test(text: string): boolean {
    return this.#exec(text, 0) !== undefined;
  }

  search(text: string, from: number): SearchResult | undefined {
    const places = this.#exec(text, from);
    return places && { resume: places[1]!, captures: collect(text, places, this.#groups, this.#captures) };
  }

  #exec(text: string, from: number): Int32Array | undefined {
    if (this.#utf && hasHighByte(text) && !isUtf8(Buffer.from(text.slice(from), 'latin1'))) return undefined;
    const places = this.#machine.exec(text, from);
    if (places === 'limit') throw new MatchLimitError(this.pattern);
    return places;
  }
}

/**
 * By number a group that is not set is an empty text when a later one is set, and absent otherwise; packed it is left
 * out.
 */
function collect(text: string, places: Int32Array, groups: number, rule: CaptureRule): string[] {
  let last = groups;
  while (last > 0 && places[2 * last + 1]! < 0) last--;
  const captures: string[] = [];
  for (let group = 1; group <= last; group++) {
    const begin = places[2 * group]!;
    const end = places[2 * group + 1]!;
    if (end >= 0) captures.push(text.slice(begin, end));
    else if (rule === 'by-number') captures.push('');
  }
  return captures;
}
