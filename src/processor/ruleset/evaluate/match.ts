import { type Matcher, MatchLimitError, type Searcher, type SearchResult } from '../matcher/types.ts';
import { type SuspensionLimits, Suspensions } from './suspensions.ts';

/** A matcher that gave up on this event; the owner is a rule id or a decoder name. */
export interface TrippedLimit {
  readonly owner: string;
  readonly pattern: string;
}

/** Collects the match limits one event tripped; each counts as "no match". */
export class LimitLog {
  private tripped: TrippedLimit[] | undefined = undefined;
  readonly suspensions: Suspensions;

  constructor(limits: SuspensionLimits = { after: 0, within: 0, for: 0 }) {
    this.suspensions = new Suspensions(limits);
  }

  test(matcher: Matcher, text: string, owner: string): boolean {
    if (this.suspensions.any && this.suspensions.isSuspended(owner, matcher.pattern)) return false;
    try {
      return matcher.test(text);
    } catch (error) {
      this.record(error, matcher.pattern, owner);
      return false;
    }
  }

  search(searcher: Searcher, text: string, from: number, owner: string, starts?: Int32Array): SearchResult | undefined {
    if (this.suspensions.any && this.suspensions.isSuspended(owner, searcher.pattern)) return undefined;
    try {
      return searcher.search(text, from, undefined, starts);
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
    this.suspensions.count(owner, pattern);
  }
}

const NONE: readonly TrippedLimit[] = [];
