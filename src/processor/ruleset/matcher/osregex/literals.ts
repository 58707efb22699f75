import type { Alternative } from './parse.ts';

/**
 * One literal of each alternative (the longest, in ASCII lower case) without which it cannot match; undefined when some
 * alternative has none. Literal tokens next to each other are always found at neighbouring bytes, and no literal is ever
 * skipped, except a last single one after a class without quantifier, which the original may leave out.
 */
export function requiredLiterals(alternatives: readonly Alternative[]): string[] | undefined {
  const literals = new Set<string>();
  for (const { tokens } of alternatives) {
    if (tokens.some((token) => token.kind === 'literal' && token.byte < 0)) continue;
    const longest = longestRun(tokens);
    if (longest === '') return undefined;
    literals.add(longest);
  }
  return [...literals];
}

function longestRun(tokens: Alternative['tokens']): string {
  let longest = '';
  let run = '';
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'literal') {
      const before = tokens[i - 1];
      const skippable = i === tokens.length - 1 && before?.kind === 'class' && before.quantifier === 'one';
      if (!skippable) run += String.fromCharCode(token.byte);
    } else if (token.kind === 'class' || isParen(tokens[i + 1])) {
      // Of two parentheses in a row the second is taken for a literal.
      run = '';
    }
    if (run.length > longest.length) longest = run;
  }
  return longest;
}

function isParen(token: Alternative['tokens'][number] | undefined): boolean {
  return token?.kind === 'open' || token?.kind === 'close';
}
