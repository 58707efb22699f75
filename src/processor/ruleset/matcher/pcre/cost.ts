import { isAnchored } from './anchored.ts';
import { type Node, sequence } from './ast.ts';
import { type ByteSet, isDisjoint, union } from './byte-set.ts';
import { firstBytes, isNullable } from './nullable.ts';

/** Bounded repeats up to this count are taken for a constant. */
const SMALL_COUNT = 8;
const NOTHING: ByteSet = new Uint8Array(256);

/**
 * Upper bound for the work of a backtracking search as an exponent of the length of the text: 1 is linear, Infinity
 * exponential. Each run that may give back what the next item also takes adds one, a run that cannot (what follows is
 * disjoint) is only walked over, and a search that is not anchored begins everywhere.
 */
export function costExponent(root: Node): number {
  const { ambiguous, linear } = analyze(root, NOTHING);
  const inside = ambiguous + (linear ? 1 : 0);
  return isAnchored(root) ? Math.max(1, inside) : inside + 1;
}

interface Cost {
  /** Runs whose length has to be tried. */
  readonly ambiguous: number;
  /** Whether there are runs besides. */
  readonly linear: boolean;
}

const FREE: Cost = { ambiguous: 0, linear: false };
const EXPONENTIAL: Cost = { ambiguous: Number.POSITIVE_INFINITY, linear: false };

function join(a: Cost, b: Cost): Cost {
  return { ambiguous: a.ambiguous + b.ambiguous, linear: a.linear || b.linear };
}

function worst(a: Cost, b: Cost): Cost {
  return { ambiguous: Math.max(a.ambiguous, b.ambiguous), linear: a.linear || b.linear };
}

/** `follow` holds the bytes that may come next. */
function analyze(node: Node, follow: ByteSet): Cost {
  switch (node.kind) {
    case 'sequence': {
      let next = follow;
      let cost = FREE;
      for (const item of node.items.toReversed()) {
        cost = join(cost, analyze(item, next));
        next = isNullable(item) ? union(firstBytes(item), next) : firstBytes(item);
      }
      return cost;
    }
    case 'choice':
      return node.branches.map((branch) => analyze(branch, follow)).reduce(worst, FREE);
    case 'capture':
    case 'atomic':
      return analyze(node.child, follow);
    case 'look': {
      const inner = node.branches.map((branch) => analyze(branch, NOTHING)).reduce(worst, FREE);
      return inner.linear ? { ambiguous: inner.ambiguous + 1, linear: false } : inner;
    }
    case 'repeat':
      return analyzeRepeat(node, follow);
    case 'backreference':
    case 'call':
    case 'conditional':
      return EXPONENTIAL;
    default:
      return FREE;
  }
}

function analyzeRepeat({ child, max, mode }: Node & { kind: 'repeat' }, follow: ByteSet): Cost {
  if (child.kind === 'set') {
    if (max <= SMALL_COUNT) return FREE;
    const certain = mode === 'possessive' || isDisjoint(child.bytes, follow);
    return certain ? { ambiguous: 0, linear: true } : { ambiguous: 1, linear: false };
  }
  if (max <= 1) return analyze(child, follow);
  const first = firstBytes(child);
  const next = union(first, follow);
  if (isNullable(child) || !isCertain(child, next)) return EXPONENTIAL;
  return isDisjoint(first, follow) ? { ambiguous: 0, linear: true } : { ambiguous: 1, linear: false };
}

/** Whether a node matches a text in at most one way, every choice being decided by the next byte. */
function isCertain(node: Node, follow: ByteSet): boolean {
  switch (node.kind) {
    case 'set':
    case 'empty':
    case 'assertion':
    case 'keep':
      return true;
    case 'sequence':
      return node.items.every((item, i) => {
        const rest = sequence(node.items.slice(i + 1));
        return isCertain(item, isNullable(rest) ? union(firstBytes(rest), follow) : firstBytes(rest));
      });
    case 'choice':
      return node.branches.every((branch, i) => {
        const others = node.branches.slice(i + 1);
        const apart = others.every((other) => isDisjoint(firstBytes(branch), firstBytes(other)));
        return apart && !isNullable(branch) && isCertain(branch, follow);
      });
    case 'capture':
    case 'atomic':
      return isCertain(node.child, follow);
    case 'repeat':
      return (
        node.min === node.max ||
        (isDisjoint(firstBytes(node.child), follow) &&
          !isNullable(node.child) &&
          isCertain(node.child, union(firstBytes(node.child), follow)))
      );
    default:
      return false;
  }
}
