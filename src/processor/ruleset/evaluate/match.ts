import { type Matcher, MatchLimitError, type Searcher, type SearchResult } from '../matcher/types.ts';

/** A matcher that gave up on this event; the owner is a rule id or a decoder name. */
export interface TrippedLimit {
  readonly owner: string;
  readonly pattern: string;
}

/** Collects the match limits one event tripped; each counts as "no match". */
export class LimitLog {
  private tripped: TrippedLimit[] | undefined = undefined;

  test(matcher: Matcher, text: string, owner: string): boolean {
    try {
      return matcher.test(text);
    } catch (error) {
      this.record(error, matcher.pattern, owner);
      return false;
    }
  }

  search(searcher: Searcher, text: string, from: number, owner: string): SearchResult | undefined {
    try {
      return searcher.search(text, from);
    } catch (error) {
      this.record(error, searcher.pattern, owner);
      return undefined;
    }
  }

  /** What was tripped since the last call. */
  take(): readonly TrippedLimit[] {
    const { tripped } = this;
    if (!tripped) return NONE;
    this.tripped = undefined;
    return tripped;
  }

  /** A native expression that needs more stack than there is throws RangeError: that is a limit like the other. */
  private record(error: unknown, pattern: string, owner: string): void {
    if (!(error instanceof MatchLimitError) && !(error instanceof RangeError)) throw error;
    this.tripped ??= [];
    this.tripped.push({ owner, pattern });
  }
}

const NONE: readonly TrippedLimit[] = [];
