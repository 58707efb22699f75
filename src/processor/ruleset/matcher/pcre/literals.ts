import { FOLD, foldAscii } from '../ascii.ts';
import type { LiteralAlternative } from '../literal-set.ts';
import { childrenOf, type Node } from './ast.ts';
import { literalOf } from './byte-set.ts';
import { isCaseless } from './native.ts';
import { simplifyForTest } from './simplify.ts';

/** More alternatives than this are no help to an index. */
const MAX_ALTERNATIVES = 64;

/**
 * Literals (ASCII lower case) of which every matching text contains one in its folded form; undefined when there are
 * none for certain.
 */
export function requiredLiterals(root: Node): string[] | undefined {
  if (hasAccept(root)) return undefined;
  return required(root);
}

function hasAccept(node: Node): boolean {
  return (node.kind === 'verb' && node.name === 'ACCEPT') || childrenOf(node).some(hasAccept);
}

function required(node: Node): string[] | undefined {
  switch (node.kind) {
    case 'set':
    case 'sequence':
      return requiredOfSequence(node.kind === 'sequence' ? node.items : [node]);
    case 'choice': {
      const all = node.branches.map(required);
      if (all.some((literals) => literals === undefined)) return undefined;
      const joined = [...new Set(all.flatMap((literals) => literals!))];
      return joined.length <= MAX_ALTERNATIVES ? joined : undefined;
    }
    case 'repeat':
      return node.min > 0 ? required(node.child) : undefined;
    case 'capture':
    case 'atomic':
      return required(node.child);
    default:
      return undefined;
  }
}

/** Literals that a match takes one after the other, apart from each other. */
export function literalRuns(root: Node): string[] {
  if (hasAccept(root)) return [];
  const runs: string[] = [];
  let run = '';
  for (const item of flatten([root])) {
    const char = item.kind === 'set' ? foldedChar(item) : undefined;
    if (char !== undefined) {
      run += char;
    } else if (!WIDTHLESS.has(item.kind)) {
      if (run !== '') runs.push(run);
      run = '';
    }
  }
  if (run !== '') runs.push(run);
  return runs;
}

/** The best of the literal runs and of what the other items need. */
function requiredOfSequence(items: readonly Node[]): string[] | undefined {
  let best: string[] | undefined;
  let run = '';
  const consider = (literals: string[] | undefined) => {
    if (literals && (best === undefined || worth(literals) > worth(best))) best = literals;
  };
  for (const item of flatten(items)) {
    const char = item.kind === 'set' ? foldedChar(item) : undefined;
    if (char !== undefined) {
      run += char;
      continue;
    }
    if (WIDTHLESS.has(item.kind)) continue;
    if (run !== '') consider([run]);
    run = '';
    // A set of two cases or of one byte above 127 ends a run but is no literal of its own.
    if (item.kind !== 'set') consider(required(item));
  }
  if (run !== '') consider([run]);
  return best;
}

const WIDTHLESS = new Set(['assertion', 'look', 'keep', 'empty']);

/** A capture of a sequence lies in line with its neighbours. */
function flatten(items: readonly Node[]): Node[] {
  return items.flatMap((item) => {
    if (item.kind === 'capture' || item.kind === 'atomic') return flatten([item.child]);
    if (item.kind === 'sequence') return flatten(item.items);
    return [item];
  });
}

function foldedChar({ bytes }: Node & { kind: 'set' }): string | undefined {
  const literal = literalOf(bytes);
  return literal && literal.byte < 128 ? String.fromCharCode(literal.byte).toLowerCase() : undefined;
}

/** The shortest literal decides how much a set excludes; many of them exclude less. */
function worth(literals: readonly string[]): number {
  return Math.min(...literals.map((literal) => literal.length)) - Math.log2(literals.length);
}

/**
 * The pattern as plain literals with anchors, undefined when it is anything else. `$` allows a final newline: both forms
 * are listed. Letters are lower case when `folded`.
 */
export function literalAlternatives(root: Node, folded: boolean): LiteralAlternative[] | undefined {
  const branches = root.kind === 'choice' ? root.branches : [root];
  const alternatives: LiteralAlternative[] = [];
  for (const branch of branches) {
    const found = literalBranch(branch.kind === 'sequence' ? branch.items : [branch], folded);
    if (!found) return undefined;
    alternatives.push(...found);
  }
  return alternatives;
}

/** For each branch at the top the bytes (letters in lower case) without which it cannot match. */
export function requiredBytes(root: Node): number[][] | undefined {
  if (hasAccept(root)) return undefined;
  const branches = root.kind === 'choice' ? root.branches : [root];
  const lists = branches.map((branch) => [...new Set(bytesOf(branch))]);
  return lists.every((list) => list.length > 0) ? lists : undefined;
}

function bytesOf(node: Node): number[] {
  switch (node.kind) {
    case 'set': {
      const literal = literalOf(node.bytes);
      return literal ? [FOLD[literal.byte]!] : [];
    }
    case 'sequence':
      return node.items.flatMap(bytesOf);
    case 'capture':
    case 'atomic':
      return bytesOf(node.child);
    case 'repeat':
      return node.min > 0 ? bytesOf(node.child) : [];
    default:
      return [];
  }
}

/** In ASCII lower case; undefined where the pattern is more than literals between both anchors. */
export function exactTexts(root: Node): string[] | undefined {
  const simple = simplifyForTest(root);
  const alternatives = literalAlternatives(simple, isCaseless(simple));
  if (!alternatives?.every(({ begin, end }) => begin && end)) return undefined;
  return alternatives.map(({ text }) => foldAscii(text));
}

function literalBranch(items: readonly Node[], folded: boolean): LiteralAlternative[] | undefined {
  let text = '';
  let begin = false;
  let end: 'end' | 'last' | undefined;
  for (const [i, item] of items.entries()) {
    if (end) return undefined;
    if (item.kind === 'set') {
      const literal = literalOf(item.bytes);
      if (!literal || literal.caseless !== (folded && isLetter(literal.byte))) return undefined;
      text += String.fromCharCode(literal.byte);
    } else if (item.kind !== 'assertion') {
      if (item.kind !== 'empty') return undefined;
    } else if (item.what === 'start' && i === 0) {
      begin = true;
    } else if (item.what === 'end' || item.what === 'last') {
      end = item.what;
    } else {
      return undefined;
    }
  }
  const plain = { text, begin, end: end !== undefined };
  return end === 'last' ? [plain, { ...plain, text: `${text}\n` }] : [plain];
}

function isLetter(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90);
}
