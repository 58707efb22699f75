import { foldAscii } from '../ascii.ts';
import { parseOsRegex } from './parse.ts';
import { buildProgram, type Program } from './program.ts';
import { Sieve } from './sieve.ts';

/** Shorter texts are not worth a look of their own. */
const LONG = 64;
/** So many long texts more without a match than with one make a pattern worth a sieve. */
const MISSES_BEFORE_SIEVE = 100;

/**
 * The programs of a pattern. They are made for the first text that is tested: most of a ruleset's patterns never see one,
 * and programs are most of its memory. Where attempts begin all over a text, and mostly in vain, texts are sieved first.
 */
export class Alternatives {
  readonly programs: readonly Program[];
  private readonly mayBeSlow: boolean;
  private sieve: Sieve | undefined = undefined;
  private misses = 0;

  constructor(pattern: string) {
    this.programs = parseOsRegex(pattern).map(buildProgram);
    this.mayBeSlow = this.programs.some(({ begin, jump }) => !begin && jump === '');
  }

  /** False where the sieve knows that no alternative matches the text, given as `run` wants it. */
  mayMatch(text: string, bytes: Uint8Array, folded: string | undefined, from: number): boolean {
    const { sieve } = this;
    if (sieve === undefined || text.length - from < LONG) return true;
    return this.hasLiterals(folded ?? foldAscii(text), from) && sieve.passes(bytes, from, text.length);
  }

  matched(): true {
    if (this.misses > 0) this.misses--;
    return true;
  }

  missed(text: string, folded: string | undefined, from: number): false {
    if (!this.mayBeSlow || this.sieve !== undefined || text.length - from < LONG) return false;
    if (!this.hasLiterals(folded ?? foldAscii(text), from)) return false;
    if (++this.misses === MISSES_BEFORE_SIEVE) this.sieve = new Sieve(this.programs);
    return false;
  }

  /** Whether literals alone, which are found fast, leave it open that the text matches. */
  private hasLiterals(lower: string, from: number): boolean {
    for (const { jump, filter } of this.programs) {
      if (jump !== '' ? lower.includes(jump, from) : filter === undefined || filter.passes(lower, from)) return true;
    }
    return false;
  }
}
