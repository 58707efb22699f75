import { MAX_LEADING } from '../matcher/leading.ts';
import { MIN_LITERAL } from '../matcher/literal-finder.ts';
import type { Matcher } from '../matcher/types.ts';
import type { Decoder } from './ruleset.ts';

/**
 * Decoders that stand side by side by what their prematch wants of a text: the first bytes, a literal, some bytes
 * anywhere. One bit stands for each decoder, in their order. A bit that is left is no match yet, a bit that is gone is
 * proven to be none.
 */
export interface DecoderIndex {
  readonly decoders: readonly Decoder[];
  /** Numbers of 32 bits for one set of decoders. */
  readonly words: number;
  /** Decoders that take a byte at a place: `words` numbers for every place below `places` and every byte. */
  readonly byByte: Int32Array;
  /** Decoders that want no more than so many bytes: `words` numbers for every length below `places`. */
  readonly byLength: Int32Array;
  /** Bytes that are looked at. */
  readonly places: number;
  /** What the rest of the text has to hold, for every decoder. */
  readonly needs: readonly Needs[];
}

export interface Needs {
  /** Numbers of literals of which the text has to contain one; undefined where nothing is known. */
  readonly literals: Int32Array | undefined;
  /** Bytes of which the text has to contain all of one list, the rarest first. */
  readonly bytes: readonly Int32Array[] | undefined;
}

/** @param numberOf gives every literal a number, the same each time */
export function indexDecoders(decoders: readonly Decoder[], numberOf: (literal: string) => number): DecoderIndex {
  const words = Math.max(1, Math.ceil(decoders.length / 32));
  const leadings = decoders.map(({ prematch }) => prematch?.search.leading ?? []);
  const places = Math.min(MAX_LEADING, Math.max(0, ...leadings.map((sets) => sets.length)));
  const byByte = new Int32Array(places * 256 * words);
  const byLength = new Int32Array(places * words);
  for (const [position, leading] of leadings.entries()) {
    const word = position >>> 5;
    const bit = 1 << (position & 31);
    for (let place = 0; place < places; place++) {
      const set = leading[place];
      if (leading.length <= place) byLength[place * words + word]! |= bit;
      for (let byte = 0; byte < 256; byte++) {
        if (!set || set[byte] === 1) byByte[(place * 256 + byte) * words + word]! |= bit;
      }
    }
  }
  const needs = decoders.map(({ prematch }) => needsOf(prematch?.search, numberOf));
  return { decoders, words, byByte, byLength, places, needs };
}

export function needsOf(matcher: Matcher | undefined, numberOf: (literal: string) => number): Needs {
  const required = matcher?.requiredLiterals;
  const findable = required?.every((literal) => literal.length >= MIN_LITERAL);
  return {
    literals: findable ? Int32Array.from(required!.map(numberOf)) : undefined,
    // A literal that was found has its bytes.
    bytes: findable ? undefined : matcher?.requiredBytes?.map((list) => Int32Array.from(list).sort(rarestFirst)),
  };
}

/** What stands in most logs, and letters, which are there in one case or the other. */
const COMMON = ' :.-,=/"0123456789abcdefghijklmnopqrstuvwxyz';

function rarestFirst(one: number, other: number): number {
  return COMMON.indexOf(String.fromCharCode(one)) - COMMON.indexOf(String.fromCharCode(other));
}
