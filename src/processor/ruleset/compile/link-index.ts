import { PlaceFinder } from '../matcher/place-finder.ts';
import { type Needs, needsOf } from './decoder-index.ts';
import type { Decoder } from './ruleset.ts';

/** What the regexes of a root's children want of the log: in long chains most look for a name that is not there. */
export interface LinkIndex {
  /** Finds the literals that the matches of these regexes begin with. */
  readonly finder: PlaceFinder;
  /** Numbers of the literals that alternatives begin with, -1 for one that begins with none, child by child. */
  readonly numbers: Int32Array;
  /** For each child where its numbers begin, then one more; there are none of a child that is not asked this way. */
  readonly offsets: Int32Array;
  /** 1 where the next child belongs to the same chain. */
  readonly goesOn: Uint8Array;
  /** For each of the other children what the log has to hold. */
  readonly needs: readonly (Needs | undefined)[];
}

/** A root of fewer children asks them as they are: to look for their literals would cost more than it saves. */
export const MANY_CHILDREN = 30;
/** Fewer literals are found faster one by one, or among those of all decoders and rules. */
const MANY_LITERALS = 100;

/** @param numberOf gives every literal a number, the same each time */
export function indexLinks(
  roots: readonly Decoder[],
  numberOf: (literal: string) => number,
): ReadonlyMap<Decoder, LinkIndex> {
  return new Map(
    roots.filter(({ children }) => children.length >= MANY_CHILDREN).map((root) => [root, indexRoot(root, numberOf)]),
  );
}

function indexRoot({ children }: Decoder, numberOf: (literal: string) => number): LinkIndex {
  const literals = new Map<string, number>();
  const startOf = (literal: string) => {
    if (literal === '') return -1;
    const number = literals.get(literal) ?? literals.size;
    literals.set(literal, number);
    return number;
  };
  const wanted = children.map(({ regex }) => regex?.search.starts?.filter((literal) => literal !== '') ?? []);
  const pays = wanted.reduce((sum, { length }) => sum + length, 0) >= MANY_LITERALS;
  const numbers: number[] = [];
  const offsets = [0];
  const needs: (Needs | undefined)[] = [];
  for (const [index, { regex }] of children.entries()) {
    const asked = pays && wanted[index]!.length > 0;
    if (asked) numbers.push(...regex!.search.starts!.map(startOf));
    needs.push(asked ? undefined : needsOf(regex?.search, numberOf));
    offsets.push(numbers.length);
  }
  return {
    finder: new PlaceFinder([...literals.keys()]),
    numbers: Int32Array.from(numbers),
    offsets: Int32Array.from(offsets),
    goesOn: Uint8Array.from(children, ({ getNext }) => (getNext ? 1 : 0)),
    needs,
  };
}
