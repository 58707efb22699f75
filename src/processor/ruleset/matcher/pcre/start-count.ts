import type { Node } from './ast.ts';
import { literalOf } from './byte-set.ts';

/** Places where a costly match may begin for it still to be cheap enough. */
const MAX_STARTS = 4;
/** Shorter literals stand in too many places. */
const MIN_LENGTH = 3;

/**
 * A pattern that begins with a literal is tried in earnest only where that stands: where it does so a few times, the work
 * is bounded by these places instead of by all of the text.
 */
export class StartCount {
  readonly #literal: string;
  readonly #longest: number;

  private constructor(literal: string, longest: number) {
    this.#literal = literal;
    this.#longest = longest;
  }

  /** @param cost exponent of the length of the text for the steps of a search that may begin anywhere */
  static of(root: Node, cost: number, maxSteps: number): StartCount | undefined {
    const literal = literalStart(root);
    if (literal.length < MIN_LENGTH || cost < 2 || cost === Number.POSITIVE_INFINITY) return undefined;
    return new StartCount(literal, Math.floor((maxSteps / MAX_STARTS) ** (1 / (cost - 1))));
  }

  /** Whether a search in the text, given in ASCII lower case, from byte `from` on stays within the steps. */
  areFew(folded: string, from: number): boolean {
    if (folded.length - from > this.#longest) return false;
    let at = from - 1;
    for (let count = 0; count <= MAX_STARTS; count++) {
      at = folded.indexOf(this.#literal, at + 1);
      if (at < 0) return true;
    }
    return false;
  }
}

/** In ASCII lower case. */
function literalStart(root: Node): string {
  let literal = '';
  for (const item of root.kind === 'sequence' ? root.items : [root]) {
    const found = item.kind === 'set' ? literalOf(item.bytes) : undefined;
    if (!found || found.byte > 127) break;
    literal += String.fromCharCode(found.byte).toLowerCase();
  }
  return literal;
}
