import { childrenOf, choice, type Node, sequence } from './ast.ts';

/** What stands in the way of looking only at whether there is a match. */
const OPAQUE = new Set(['backreference', 'call', 'conditional', 'verb']);

export function isOpaque(node: Node): boolean {
  return OPAQUE.has(node.kind) || childrenOf(node).some(isOpaque);
}

/**
 * The pattern reduced to the question whether it matches anywhere: without captures, and without what may be empty at
 * either end of a branch (a leading or trailing `.*` decides nothing, but costs a native expression quadratic time).
 */
export function simplifyForTest(root: Node): Node {
  if (isOpaque(root)) return root;
  return trimEnds(withoutCaptures(root));
}

function withoutCaptures(node: Node): Node {
  switch (node.kind) {
    case 'capture':
      return withoutCaptures(node.child);
    case 'keep':
      return { kind: 'empty' };
    case 'sequence':
      return sequence(node.items.map(withoutCaptures));
    case 'choice':
      return choice(node.branches.map(withoutCaptures));
    case 'repeat':
    case 'atomic':
      return { ...node, child: withoutCaptures(node.child) };
    case 'look':
      return { ...node, branches: node.branches.map(withoutCaptures) };
    default:
      return node;
  }
}

function trimEnds(node: Node): Node {
  if (node.kind === 'choice') return choice(node.branches.map(trimEnds));
  const items = node.kind === 'sequence' ? [...node.items] : [node];
  trim(items, 'pop', 'push');
  trim(items, 'shift', 'unshift');
  return sequence(items);
}

/** A run of one set at the end needs only its least count. */
function trim(items: Node[], take: 'pop' | 'shift', put: 'push' | 'unshift'): void {
  for (;;) {
    const item = take === 'pop' ? items.at(-1) : items[0];
    if (item?.kind !== 'repeat' || item.child.kind !== 'set' || item.min === item.max) return;
    // A possessive run at the start keeps what the next item may need.
    if (item.mode === 'possessive' && take === 'shift') return;
    items[take]();
    if (item.min > 0) {
      items[put](item.min === 1 ? item.child : { ...item, max: item.min });
      return;
    }
  }
}
