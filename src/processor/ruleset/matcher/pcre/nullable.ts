import type { Node } from './ast.ts';
import { ALL, type ByteSet, union } from './byte-set.ts';

/** Whether a node may match without taking a byte; calls and references count as such. */
export function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false;
    case 'sequence':
      return node.items.every(isNullable);
    case 'choice':
      return node.branches.some(isNullable);
    case 'repeat':
      return node.min === 0 || isNullable(node.child);
    case 'capture':
    case 'atomic':
      return isNullable(node.child);
    case 'conditional':
      return isNullable(node.yes) || isNullable(node.no);
    default:
      return true;
  }
}

const NOTHING: ByteSet = new Uint8Array(256);

/** Bytes with which a match of the node that takes any byte can begin: never too few. */
export function firstBytes(node: Node): ByteSet {
  switch (node.kind) {
    case 'set':
      return node.bytes;
    case 'sequence':
      return firstOfSequence(node.items);
    case 'choice':
      return node.branches.map(firstBytes).reduce(union, NOTHING);
    case 'repeat':
      return node.max === 0 ? NOTHING : firstBytes(node.child);
    case 'capture':
    case 'atomic':
      return firstBytes(node.child);
    case 'conditional':
      return union(firstBytes(node.yes), firstBytes(node.no));
    case 'backreference':
    case 'call':
      return ALL;
    case 'verb':
      return node.name === 'ACCEPT' ? ALL : NOTHING;
    default:
      return NOTHING;
  }
}

export function firstOfSequence(items: readonly Node[]): ByteSet {
  let first = NOTHING;
  for (const item of items) {
    first = union(first, firstBytes(item));
    if (!isNullable(item)) break;
  }
  return first;
}
