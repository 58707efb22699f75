import { MAX_LEADING } from '../matcher/leading.ts';
import { MIN_LITERAL } from '../matcher/literal-finder.ts';
import type { Decoder } from './ruleset.ts';

/**
 * Root decoders by what their prematch wants of a log: the first bytes, a literal. One bit stands for each decoder, in
 * their order. A bit that is left is no match yet, a bit that is gone is proven to be none.
 */
export interface DecoderIndex {
  readonly decoders: readonly Decoder[];
  /** Numbers of 32 bits for one set of decoders. */
  readonly words: number;
  /** Decoders that take a byte at a place: `words` numbers for every place below MAX_LEADING and every byte. */
  readonly byByte: Int32Array;
  /** Decoders that want no more than so many bytes: `words` numbers for every length below MAX_LEADING. */
  readonly byLength: Int32Array;
  /** For every decoder numbers of literals of which the log has to contain one; undefined where there are none. */
  readonly literals: readonly (readonly number[] | undefined)[];
}

/** @param numberOf gives every literal a number, the same each time */
export function indexDecoders(decoders: readonly Decoder[], numberOf: (literal: string) => number): DecoderIndex {
  const words = Math.max(1, Math.ceil(decoders.length / 32));
  const byByte = new Int32Array(MAX_LEADING * 256 * words);
  const byLength = new Int32Array(MAX_LEADING * words);
  for (const [position, { prematch }] of decoders.entries()) {
    const word = position >>> 5;
    const bit = 1 << (position & 31);
    const leading = prematch?.search.leading ?? [];
    for (let place = 0; place < MAX_LEADING; place++) {
      const set = leading[place];
      if (leading.length <= place) byLength[place * words + word]! |= bit;
      for (let byte = 0; byte < 256; byte++) {
        if (!set || set[byte] === 1) byByte[(place * 256 + byte) * words + word]! |= bit;
      }
    }
  }
  const literals = decoders.map(({ prematch }) => {
    const required = prematch?.search.requiredLiterals;
    return required?.every((literal) => literal.length >= MIN_LITERAL) ? required.map(numberOf) : undefined;
  });
  return { decoders, words, byByte, byLength, literals };
}
