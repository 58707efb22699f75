import type { ByteSet } from './byte-set.ts';

/** Assertions of no width. `last` is `$` and `\Z`: the end, or before a newline that is the last byte. */
export type Assertion =
  | 'start'
  | 'line-start'
  | 'end'
  | 'last'
  | 'line-end'
  | 'first'
  | 'word-boundary'
  | 'no-word-boundary';

export type RepeatMode = 'greedy' | 'lazy' | 'possessive';

/** A PCRE2 pattern over bytes. Options are gone: case, dot and anchors are already resolved into sets and assertions. */
export type Node =
  | { readonly kind: 'empty' }
  /** One byte. */
  | { readonly kind: 'set'; readonly bytes: ByteSet }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'choice'; readonly branches: readonly Node[] }
  /** `max` may be Infinity. */
  | {
      readonly kind: 'repeat';
      readonly child: Node;
      readonly min: number;
      readonly max: number;
      readonly mode: RepeatMode;
    }
  | { readonly kind: 'capture'; readonly index: number; readonly child: Node }
  | { readonly kind: 'atomic'; readonly child: Node }
  | Look
  /** Any of the groups that is set; more than one when a name is used twice. */
  | { readonly kind: 'backreference'; readonly groups: readonly number[]; readonly caseless: boolean }
  | { readonly kind: 'assertion'; readonly what: Assertion }
  /** `\K` */
  | { readonly kind: 'keep' }
  /** `(?1)`; 0 is the whole pattern. */
  | { readonly kind: 'call'; readonly group: number }
  | { readonly kind: 'conditional'; readonly condition: Condition; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'verb'; readonly name: Verb };

export interface Look {
  readonly kind: 'look';
  readonly ahead: boolean;
  readonly negative: boolean;
  /** Each of fixed width in a lookbehind. */
  readonly branches: readonly Node[];
}

export type Condition =
  | { readonly kind: 'group'; readonly groups: readonly number[] }
  /** Inside a call of the group, of any group when undefined. */
  | { readonly kind: 'called'; readonly group: number | undefined }
  | { readonly kind: 'never' }
  | { readonly kind: 'always' }
  | { readonly kind: 'look'; readonly look: Look };

export type Verb = 'ACCEPT' | 'FAIL' | 'COMMIT' | 'PRUNE' | 'SKIP';

export interface Pattern {
  readonly root: Node;
  /** Number of capturing groups. */
  readonly groups: number;
  /** Subjects must be valid UTF-8. */
  readonly utf: boolean;
}

export const EMPTY: Node = { kind: 'empty' };

export function sequence(items: readonly Node[]): Node {
  const flat = items.flatMap((item) => (item.kind === 'sequence' ? item.items : item.kind === 'empty' ? [] : [item]));
  if (flat.length === 0) return EMPTY;
  return flat.length === 1 ? flat[0]! : { kind: 'sequence', items: flat };
}

export function choice(branches: readonly Node[]): Node {
  return branches.length === 1 ? branches[0]! : { kind: 'choice', branches };
}

/** Direct children. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'sequence':
      return node.items;
    case 'choice':
    case 'look':
      return node.branches;
    case 'repeat':
    case 'capture':
    case 'atomic':
      return [node.child];
    case 'conditional':
      return node.condition.kind === 'look' ? [node.condition.look, node.yes, node.no] : [node.yes, node.no];
    default:
      return [];
  }
}
