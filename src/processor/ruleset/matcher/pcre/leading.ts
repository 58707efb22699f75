import { joinLeading, MAX_LEADING } from '../leading.ts';
import { isAnchored } from './anchored.ts';
import { childrenOf, type Node } from './ast.ts';

/** What the first bytes of a match have to be; undefined where it may begin anywhere. */
export function leadingSets(root: Node): Uint8Array[] | undefined {
  if (!isAnchored(root) || hasAccept(root)) return undefined;
  const { sets } = setsOf(root);
  return sets.length === 0 ? undefined : sets.slice(0, MAX_LEADING);
}

interface Leading {
  readonly sets: Uint8Array[];
  /** What comes behind the sets follows at once. */
  readonly goesOn: boolean;
}

const NOTHING: Leading = { sets: [], goesOn: true };
const UNKNOWN: Leading = { sets: [], goesOn: false };

function setsOf(node: Node): Leading {
  switch (node.kind) {
    case 'empty':
    case 'keep':
    case 'assertion':
    case 'look':
      return NOTHING;
    case 'set':
      return { sets: [node.bytes], goesOn: true };
    case 'capture':
    case 'atomic':
      return setsOf(node.child);
    case 'sequence': {
      const sets: Uint8Array[] = [];
      for (const item of node.items) {
        const found = setsOf(item);
        sets.push(...found.sets);
        if (!found.goesOn || sets.length >= MAX_LEADING) return { sets, goesOn: false };
      }
      return { sets, goesOn: true };
    }
    case 'choice': {
      const branches = node.branches.map(setsOf);
      const sets = joinLeading(branches.map((branch) => branch.sets));
      return { sets, goesOn: branches.every((branch) => branch.goesOn && branch.sets.length === sets.length) };
    }
    case 'repeat': {
      const once = setsOf(node.child);
      if (node.min === 0 || once.sets.length === 0) return UNKNOWN;
      if (!once.goesOn) return once;
      const rounds = Math.min(node.min, MAX_LEADING);
      return { sets: Array.from({ length: rounds }, () => once.sets).flat(), goesOn: node.min === node.max };
    }
    default:
      return UNKNOWN;
  }
}

function hasAccept(node: Node): boolean {
  return (node.kind === 'verb' && node.name === 'ACCEPT') || childrenOf(node).some(hasAccept);
}
