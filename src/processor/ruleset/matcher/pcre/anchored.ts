import type { Node } from './ast.ts';

/** Whether every match begins with `\A`, `\G` or a `^` that is no line start. */
export function isAnchored(node: Node): boolean {
  switch (node.kind) {
    case 'assertion':
      return node.what === 'start' || node.what === 'first';
    case 'sequence': {
      const first = node.items.find((item) => item.kind !== 'keep');
      return first !== undefined && isAnchored(first);
    }
    case 'choice':
      return node.branches.every(isAnchored);
    case 'capture':
    case 'atomic':
      return isAnchored(node.child);
    default:
      return false;
  }
}
