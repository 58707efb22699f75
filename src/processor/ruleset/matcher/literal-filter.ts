/**
 * A quick look at a text before a costly match: a few literals that every matching text has, in their order and apart.
 * Built for the folded text. Most events fail the first one.
 */
export class LiteralFilter {
  readonly #ordered: readonly string[];

  /** @param runs literals in the order in which a match takes them */
  constructor(runs: readonly string[]) {
    this.#ordered = longest(runs, MAX_LITERALS);
  }

  get isEmpty(): boolean {
    return this.#ordered.length === 0;
  }

  passes(folded: string, from: number): boolean {
    let at = from;
    for (const literal of this.#ordered) {
      at = folded.indexOf(literal, at);
      if (at < 0) return false;
      at += literal.length;
    }
    return true;
  }
}

const MAX_LITERALS = 4;

/** The longest ones, still in order; single bytes only where there is nothing better. */
function longest(runs: readonly string[], count: number): string[] {
  const worthwhile = runs.some((run) => run.length > 1) ? runs.filter((run) => run.length > 1) : runs;
  const least = worthwhile.map((run) => run.length).sort((a, b) => b - a)[Math.min(count, worthwhile.length) - 1] ?? 0;
  const kept: string[] = [];
  let ties = count - worthwhile.filter((run) => run.length > least).length;
  for (const run of worthwhile) {
    if (run.length > least || (run.length === least && ties-- > 0)) kept.push(run);
  }
  return kept;
}
