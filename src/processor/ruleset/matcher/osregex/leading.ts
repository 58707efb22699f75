import { joinLeading, MAX_LEADING } from '../leading.ts';
import { isPossible } from './literals.ts';
import type { Alternative, Token } from './parse.ts';

/**
 * What the first bytes of a match have to be. Behind a `^` tokens without quantifier take one byte each and none is left
 * out as long as no class has repeated; a `+` takes at least one, and then it is open what comes.
 */
export function leadingSets(alternatives: readonly Alternative[]): Uint8Array[] | undefined {
  const possible = alternatives.filter(isPossible);
  if (possible.length === 0 || !possible.every(({ begin }) => begin)) return undefined;
  const sets = joinLeading(possible.map(({ tokens }) => setsOf(tokens)));
  return sets.length === 0 ? undefined : sets;
}

function setsOf(tokens: readonly Token[]): Uint8Array[] {
  const sets: Uint8Array[] = [];
  for (const [index, token] of tokens.entries()) {
    if (sets.length === MAX_LEADING) break;
    if (token.kind === 'literal') sets.push(literalSet(token.byte));
    else if (token.kind === 'class') {
      if (token.quantifier === 'star') break;
      sets.push(token.bytes);
      if (token.quantifier === 'plus') break;
    } else {
      // Of two parentheses in a row the second is taken for a literal.
      const next = tokens[index + 1];
      if (next?.kind === 'open' || next?.kind === 'close') break;
    }
  }
  return sets;
}

function literalSet(byte: number): Uint8Array {
  const set = new Uint8Array(256);
  set[byte] = 1;
  if (byte >= 97 && byte <= 122) set[byte - 32] = 1;
  return set;
}
