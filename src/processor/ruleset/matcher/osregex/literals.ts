import { FOLD } from '../ascii.ts';
import type { LiteralAlternative } from '../literal-set.ts';
import type { Alternative } from './parse.ts';

/**
 * One literal of each alternative (the longest, in ASCII lower case) without which it cannot match; undefined when some
 * alternative has none.
 */
export function requiredLiterals(alternatives: readonly Alternative[]): string[] | undefined {
  const literals = new Set<string>();
  for (const alternative of alternatives) {
    if (!isPossible(alternative)) continue;
    const longest = literalRuns(alternative).reduce((best, run) => (run.length > best.length ? run : best), '');
    if (longest === '') return undefined;
    literals.add(longest);
  }
  return [...literals];
}

/** The texts of alternatives that are a literal between both anchors; undefined where any is more than that. */
export function exactTexts(alternatives: readonly Alternative[]): string[] | undefined {
  const texts: string[] = [];
  for (const alternative of alternatives) {
    const { tokens, begin, end } = alternative;
    if (!begin || !end) return undefined;
    let text = '';
    for (const token of tokens) {
      if (token.kind !== 'literal') return undefined;
      text += String.fromCharCode(token.byte);
    }
    if (isPossible(alternative)) texts.push(text);
  }
  return texts;
}

/** The pattern as plain literals (folded) with anchors; undefined where any alternative is more or less than that. */
export function literalAlternatives(alternatives: readonly Alternative[]): LiteralAlternative[] | undefined {
  const literals: LiteralAlternative[] = [];
  for (const alternative of alternatives) {
    const { tokens, begin, end } = alternative;
    if (tokens.length === 0) return undefined;
    let text = '';
    for (const token of tokens) {
      if (token.kind !== 'literal') return undefined;
      text += String.fromCharCode(token.byte);
    }
    if (isPossible(alternative)) literals.push({ text, begin, end });
  }
  return literals;
}

/** So many tokens have to follow a class for it never to be left out at the end of a text. */
const FAR_FROM_END = 3;

/** For each alternative the bytes without which it cannot match. */
export function requiredBytes(alternatives: readonly Alternative[]): number[][] | undefined {
  const lists = alternatives.filter(isPossible).map((alternative) => {
    const bytes = new Set<number>();
    for (const run of literalRuns(alternative)) for (const char of run) bytes.add(char.charCodeAt(0));
    const { tokens } = alternative;
    for (const [index, token] of tokens.entries()) {
      if (token.kind !== 'class' || token.quantifier !== 'one') continue;
      const only = token.bytes.indexOf(1);
      const behind = tokens.slice(index + 1).filter(({ kind }) => kind === 'class' || kind === 'literal');
      if (only === token.bytes.lastIndexOf(1) && behind.length >= FAR_FROM_END) bytes.add(FOLD[only]!);
    }
    return [...bytes];
  });
  return lists.every((list) => list.length > 0) ? lists : undefined;
}

/** A literal byte above 127 is never found. */
export function isPossible({ tokens }: Alternative): boolean {
  return !tokens.some((token) => token.kind === 'literal' && token.byte < 0);
}

/**
 * Literals of an alternative in their order. Literal tokens next to each other are always found at neighbouring bytes,
 * and no literal is ever skipped, except a last single one after a class without quantifier, which the original may
 * leave out.
 */
export function literalRuns({ tokens }: Alternative): string[] {
  const runs: string[] = [];
  let run = '';
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'literal') {
      const before = tokens[i - 1];
      const skippable = i === tokens.length - 1 && before?.kind === 'class' && before.quantifier === 'one';
      if (!skippable) run += String.fromCharCode(token.byte);
    } else if (token.kind === 'class' || isParen(tokens[i + 1])) {
      // Of two parentheses in a row the second is taken for a literal.
      if (run !== '') runs.push(run);
      run = '';
    }
  }
  if (run !== '') runs.push(run);
  return runs;
}

function isParen(token: Alternative['tokens'][number] | undefined): boolean {
  return token?.kind === 'open' || token?.kind === 'close';
}
