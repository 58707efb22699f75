import { type DecoderIndex, indexDecoders } from './decoder-index.ts';
import type { Decoder } from './ruleset.ts';

/** The children of a root by what their prematch wants of the log. */
export interface ChildIndex {
  /** For every decoder of `index` its position among the children. */
  readonly positions: Int32Array;
  /** Children that may decide: all but the later links of a chain, up to and with the first that has no prematch. */
  readonly index: DecoderIndex;
  /** Bits of those whose prematch begins behind that of the root; the others look at the whole log. */
  readonly behindParent: Int32Array;
}

/** Fewer children are asked one by one: their literals would cost all other logs more than they save. */
export const MIN_CHILDREN = 8;

/** @param numberOf gives every literal a number, the same each time */
export function indexChildren(
  roots: readonly Decoder[],
  numberOf: (literal: string) => number,
): ReadonlyMap<Decoder, ChildIndex> {
  const indexes = new Map<Decoder, ChildIndex>();
  for (const root of roots) {
    const positions = decidingChildren(root.children);
    if (positions.length < MIN_CHILDREN) continue;
    const decoders = positions.map((position) => root.children[position]!);
    const index = indexDecoders(decoders, numberOf);
    const behindParent = new Int32Array(index.words);
    for (const [place, { prematch }] of decoders.entries()) {
      if (prematch?.start === 'after_parent') behindParent[place >>> 5]! |= 1 << (place & 31);
    }
    indexes.set(root, { positions: Int32Array.from(positions), index, behindParent });
  }
  return indexes;
}

function decidingChildren(children: readonly Decoder[]): number[] {
  const positions: number[] = [];
  for (let index = 0; index < children.length; index++) {
    positions.push(index);
    // Without a prematch there is nothing to refuse.
    if (!children[index]!.prematch) break;
    while (children[index]!.getNext && index + 1 < children.length) index++;
  }
  return positions;
}
