import type { Node } from './ast.ts';
import type { ByteSet } from './byte-set.ts';
import { isOpaque } from './simplify.ts';

/**
 * The set of an endless run that the pattern begins with (`.*`, `\S+` ...). A match that begins inside a stretch of such
 * bytes could as well begin where the stretch begins, so a search needs to try only there. Not for possessive runs,
 * which leave nothing to what follows, and not where groups are referred to.
 */
export function leadingRun(root: Node): ByteSet | undefined {
  const run = firstRun(root);
  return run && !isOpaque(root) ? run : undefined;
}

function firstRun(node: Node): ByteSet | undefined {
  if (node.kind === 'capture') return firstRun(node.child);
  if (node.kind === 'sequence') return firstRun(node.items[0]!);
  if (node.kind !== 'repeat' || node.child.kind !== 'set' || node.max !== Number.POSITIVE_INFINITY) return undefined;
  return node.mode === 'possessive' ? undefined : node.child.bytes;
}
