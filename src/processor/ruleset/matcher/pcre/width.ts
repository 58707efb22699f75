import type { Node } from './ast.ts';
import type { Cursor } from './cursor.ts';

/** Refuses a lookbehind whose branches have no fixed width each, as PCRE2 10.42 does. */
export function checkFixedWidth(cursor: Cursor, branches: readonly Node[], at: number): void {
  for (const branch of branches) {
    if (fixedWidth(branch) === undefined) cursor.fail('a lookbehind needs branches of fixed length', at);
  }
}

/** Number of bytes a node always matches, undefined when that varies or is not known. */
export function fixedWidth(node: Node): number | undefined {
  switch (node.kind) {
    case 'set':
      return 1;
    case 'empty':
    case 'assertion':
    case 'keep':
    case 'look':
    case 'verb':
      return 0;
    case 'sequence':
      return node.items.reduce<number | undefined>((sum, item) => add(sum, fixedWidth(item)), 0);
    case 'choice':
      return same(node.branches.map(fixedWidth));
    case 'repeat': {
      if (node.min !== node.max) return undefined;
      const width = fixedWidth(node.child);
      return width === undefined ? undefined : width * node.min;
    }
    case 'capture':
      return fixedWidth(node.child);
    case 'atomic':
      return fixedWidth(node.child);
    case 'conditional':
      return same([fixedWidth(node.yes), fixedWidth(node.no)]);
    default:
      return undefined;
  }
}

function add(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function same(widths: readonly (number | undefined)[]): number | undefined {
  return widths.every((width) => width === widths[0]) ? widths[0] : undefined;
}
