import { PlaceFinder } from '../matcher/place-finder.ts';
import { type Needs, needsOf } from './decoder-index.ts';
import type { Decoder } from './ruleset.ts';

/** What the regexes of a root's children want of the log: in long chains most look for a name that is not there. */
export interface LinkIndex {
  /** Finds the literals that the matches of these regexes begin with. */
  readonly finder: PlaceFinder;
  /** For each child the numbers of the literals that its alternatives begin with, -1 for one that begins with none. */
  readonly starts: readonly (Int32Array | undefined)[];
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
  const starts = children.map(({ regex }, index) =>
    pays && wanted[index]!.length > 0 ? Int32Array.from(regex!.search.starts!, startOf) : undefined,
  );
  const needs = children.map(({ regex }, index) => (starts[index] ? undefined : needsOf(regex?.search, numberOf)));
  return { finder: new PlaceFinder([...literals.keys()]), starts, needs };
}
