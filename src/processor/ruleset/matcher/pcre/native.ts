import { childrenOf, type Node } from './ast.ts';
import { type ByteSet, isDisjoint } from './byte-set.ts';
import { isNullable } from './nullable.ts';

export interface NativeOptions {
  /** Keep the groups; else they become plain ones. */
  readonly captures: boolean;
  /** The text will be given in ASCII lower case; only for patterns that do not tell cases apart (`isCaseless`). */
  readonly folded: boolean;
  /** The text will hold no byte above 127. */
  readonly ascii: boolean;
}

/**
 * The pattern as source of a native expression that finds the same match with the same groups on a byte string, or
 * undefined where that is not certain. What differs in JavaScript and is therefore left to the machine: groups reset in
 * each round of a repeat, a round that takes nothing ends a repeat otherwise, references to unset groups match, there is
 * nothing atomic; and everything with calls, conditions and verbs.
 */
export function emitNative(root: Node, options: NativeOptions): string | undefined {
  try {
    return new Emitter(options).emit(root, undefined);
  } catch (error) {
    if (error instanceof NotNative) return undefined;
    throw error;
  }
}

/** Whether every set of the pattern holds both cases of a letter or none. */
export function isCaseless(node: Node): boolean {
  if (node.kind === 'set') {
    for (let lower = 97; lower <= 122; lower++) if (node.bytes[lower] !== node.bytes[lower - 32]) return false;
    return true;
  }
  if (node.kind === 'backreference' && !node.caseless) return false;
  return childrenOf(node).every(isCaseless);
}

class NotNative extends Error {}

class Emitter {
  readonly #options: NativeOptions;
  #groups = 0;

  constructor(options: NativeOptions) {
    this.#options = options;
  }

  /** `next` is the item behind the node where it is known to be the next to match. */
  emit(node: Node, next: Node | undefined): string {
    switch (node.kind) {
      case 'empty':
      case 'keep':
        return '';
      case 'set':
        return this.#set(node.bytes);
      case 'sequence':
        return node.items.map((item, i) => this.emit(item, node.items[i + 1] ?? next)).join('');
      case 'choice':
        return `(?:${this.#branches(node.branches, next)})`;
      case 'capture': {
        // Groups of a branch reset share numbers, which native groups cannot.
        if (this.#options.captures && node.index !== ++this.#groups) throw new NotNative();
        const body =
          node.child.kind === 'choice' ? this.#branches(node.child.branches, next) : this.emit(node.child, next);
        return this.#options.captures ? `(${body})` : `(?:${body})`;
      }
      case 'repeat':
        return this.#repeat(node, next);
      case 'look':
        if (!node.ahead && node.branches.some(hasCapture)) throw new NotNative();
        return `(?${node.ahead ? '' : '<'}${node.negative ? '!' : '='}${this.#branches(node.branches, NOTHING)})`;
      case 'assertion':
        return ASSERTIONS[node.what];
      case 'verb':
        if (node.name === 'FAIL') return '(?!)';
        throw new NotNative();
      default:
        throw new NotNative();
    }
  }

  #branches(branches: readonly Node[], next: Node | undefined): string {
    const possible = this.#options.ascii ? branches.filter((branch) => !needsHighByte(branch)) : branches;
    return possible.length === 0 ? '(?!)' : possible.map((branch) => this.emit(branch, next)).join('|');
  }

  #repeat(node: Node & { kind: 'repeat' }, next: Node | undefined): string {
    const { child, min, max, mode } = node;
    if (max === 0) {
      if (hasCapture(child) && this.#options.captures) throw new NotNative();
      return '';
    }
    if (isNullable(child)) throw new NotNative();
    if (max > 1 && this.#options.captures && !capturesEveryRound(child)) throw new NotNative();
    if (
      mode === 'possessive' &&
      !(child.kind === 'set' && next?.kind === 'set' && isDisjoint(child.bytes, next.bytes))
    ) {
      throw new NotNative();
    }
    const body = this.emit(child, undefined);
    const quantifier = quantifierOf(min, max) + (mode === 'lazy' ? '?' : '');
    return child.kind === 'set' || child.kind === 'capture' ? body + quantifier : `(?:${body})${quantifier}`;
  }

  #set(bytes: ByteSet): string {
    const { folded, ascii } = this.#options;
    const size = ascii ? 128 : 256;
    const inside = (byte: number) => bytes[byte] === 1 && !(folded && byte >= 65 && byte <= 90);
    const members = Array.from({ length: size }, (_, byte) => byte).filter(inside);
    if (members.length === 0) return '(?!)';
    if (members.length === 1) return escapeByte(members[0]!);
    // Capitals do not occur in a folded text: counting them in keeps complements short.
    const outside = Array.from({ length: size }, (_, byte) => byte).filter((byte) => bytes[byte] === 0);
    if (outside.length === 0) return '[^]';
    return outside.length < members.length ? `[^${ranges(outside)}]` : `[${ranges(members)}]`;
  }
}

const NOTHING: Node = { kind: 'empty' };

/** `$` is the very end in JavaScript when there is no `m` flag. */
const ASSERTIONS = {
  start: '^',
  first: '^',
  end: '$',
  last: '(?=\\n?$)',
  'line-start': '(?:^|(?<=\\n)(?!$))',
  'line-end': '(?=\\n|$)',
  'word-boundary': '\\b',
  'no-word-boundary': '\\B',
} as const;

function quantifierOf(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

/** A branch that an ASCII text cannot match. */
function needsHighByte(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return node.bytes.indexOf(1) >= 128 || !node.bytes.includes(1);
    case 'sequence':
      return node.items.some(needsHighByte);
    case 'choice':
      return node.branches.every(needsHighByte);
    case 'repeat':
      return node.min > 0 && needsHighByte(node.child);
    default:
      return false;
  }
}

function hasCapture(node: Node): boolean {
  return node.kind === 'capture' || childrenOf(node).some(hasCapture);
}

/** Whether each round of a repeat sets all groups inside, so that it does not matter that rounds begin with unset ones. */
function capturesEveryRound(node: Node): boolean {
  switch (node.kind) {
    case 'choice':
    case 'look':
      return !hasCapture(node);
    case 'repeat':
      return !hasCapture(node) || (node.min > 0 && capturesEveryRound(node.child));
    default:
      return childrenOf(node).every(capturesEveryRound);
  }
}

function ranges(bytes: readonly number[]): string {
  let source = '';
  for (let i = 0; i < bytes.length; ) {
    let last = i;
    while (bytes[last + 1] === bytes[last]! + 1) last++;
    source += escapeByte(bytes[i]!);
    if (last > i) source += `${last > i + 1 ? '-' : ''}${escapeByte(bytes[last]!)}`;
    i = last + 1;
  }
  return source;
}

function escapeByte(byte: number): string {
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9 _]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, '0')}`;
}
