/**
 * A rule test: logs for one fresh session, and what should come of them. Both kinds of files become this. Logs and
 * locations are bytes (latin1), expected values are text.
 */
export interface RuleTest {
  readonly file: string;
  /** Where it starts in the file. */
  readonly line: number;
  /** Unique enough for people: `section / log 1 pass`. */
  readonly name: string;
  readonly steps: readonly TestStep[];
  readonly verdict: TestVerdict;
}

export interface TestStep {
  readonly log: string;
  /** Raw location; undefined for that of logtest. */
  readonly location: string | undefined;
  /** Queue character of the originals; undefined for that of log files. */
  readonly queue?: string;
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly expect: Expectation | undefined;
}

/** How a test is decided. */
export type TestVerdict =
  /** Every step that expects something gets it. */
  | { readonly kind: 'steps' }
  /** The last result against rule, level and decoder as texts, in the way of the stock runner. */
  | { readonly kind: 'ini'; readonly expected: string; readonly negated: boolean };

/** What one log should lead to; null is "none", an absent key is not looked at. */
export interface Expectation {
  readonly decoder?: string | null;
  readonly parent?: string | null;
  readonly fields?: Readonly<Record<string, string | null>>;
  readonly program_name?: string | null;
  readonly hostname?: string | null;
  readonly rule?: string;
  /** No rule at all, or not the rule above. */
  readonly absent?: boolean;
  readonly level?: number;
  readonly description?: string;
  /** Each of them is among the rule's. */
  readonly groups?: readonly string[];
  readonly firedtimes?: number;
  readonly alert?: boolean;
}

/** What is wrong with a test file itself. */
export interface TestFileError {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
  readonly message: string;
}

export interface ReadTests {
  readonly tests: readonly RuleTest[];
  readonly errors: readonly TestFileError[];
}

/** When tests that give no times take place: a Monday noon (UTC), so that clock rules decide alike on every run. */
export const TEST_START_MS = Date.UTC(2026, 0, 5, 12);
