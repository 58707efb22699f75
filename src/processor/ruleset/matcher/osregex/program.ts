import { LiteralFilter } from '../literal-filter.ts';
import { literalRuns } from './literals.ts';
import { type Alternative, CLASSES } from './parse.ts';

/** Kinds of steps, as numbers for the inner loop. */
export const ONE = 0;
export const PLUS = 1;
export const STAR = 2;
export const OPEN = 3;
export const CLOSE = 4;

/** An alternative in the form the machine runs. Arrays have one entry per token. */
export interface Program {
  readonly length: number;
  readonly kinds: Uint8Array;
  /** Bytes that a token accepts; for a parenthesis the parenthesis itself (see `run`). */
  readonly accepts: readonly Uint8Array[];
  /** 1 for tokens written with a backslash. */
  readonly classes: Uint8Array;
  /**
   * 1 where the pattern text ends less than four bytes after the start of the token, which is how the original notices
   * that a repeated class is the last thing in the pattern; a class without quantifier followed by at most one more
   * byte fulfils it too.
   */
  readonly nearEnd: Uint8Array;
  readonly begin: boolean;
  readonly end: boolean;
  /** Number of parentheses, both kinds. */
  readonly parens: number;
  /** Index of a parenthesis among the parentheses, -1 for other tokens. */
  readonly slots: Int16Array;
  /** Literals (folded) that the pattern begins with, up to the first other token. */
  readonly prefix: string;
  /** What every matching text has besides. */
  readonly filter: LiteralFilter;
  /** For a repeated class: bytes that it takes while the token behind it does not; 0 entries elsewhere. */
  readonly stays: readonly Uint8Array[];
  /** The token behind, a single parenthesis left out. */
  readonly next: Uint16Array;
  /** Bytes at which a match can begin; undefined where that is any or the literal start tells. */
  readonly first: Uint8Array | undefined;
  /** Whether `run` looks at the folded text. */
  readonly folds: boolean;
}

const literalTables = new Map<number, Uint8Array>();

function literalTable(byte: number): Uint8Array {
  let table = literalTables.get(byte);
  if (!table) {
    table = new Uint8Array(256);
    if (byte >= 0) table[byte] = 1;
    if (byte >= 97 && byte <= 122) table[byte - 32] = 1;
    literalTables.set(byte, table);
  }
  return table;
}

export function buildProgram(alternative: Alternative): Program {
  const { tokens, begin, end } = alternative;
  const length = tokens.length;
  const kinds = new Uint8Array(length);
  const classes = new Uint8Array(length);
  const nearEnd = new Uint8Array(length);
  const slots = new Int16Array(length).fill(-1);
  const accepts: Uint8Array[] = [];
  let parens = 0;
  let textAfter = 0;
  for (let i = length - 1; i >= 0; i--) {
    const token = tokens[i]!;
    const width = token.kind !== 'class' ? 1 : token.quantifier === 'one' ? 2 : 3;
    textAfter += width;
    nearEnd[i] = textAfter <= 3 ? 1 : 0;
  }
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'literal') {
      accepts.push(literalTable(token.byte));
    } else if (token.kind === 'class') {
      accepts.push(token.bytes);
      classes[i] = 1;
      kinds[i] = token.quantifier === 'one' ? ONE : token.quantifier === 'plus' ? PLUS : STAR;
    } else {
      accepts.push(CLASSES.get(token.kind === 'open' ? '(' : ')')!);
      kinds[i] = token.kind === 'open' ? OPEN : CLOSE;
      slots[i] = parens++;
    }
  }
  const prefix = literalPrefix(alternative);
  const runs = literalRuns(alternative);
  const filter = new LiteralFilter(needsFilter(alternative) ? (prefix === '' ? runs : runs.slice(1)) : []);
  const next = new Uint16Array(length);
  for (let i = 0; i < length; i++) next[i] = i + 1 < length && kinds[i + 1]! >= OPEN ? i + 2 : i + 1;
  const stays = tokens.map((_, i) =>
    kinds[i] === PLUS || kinds[i] === STAR ? difference(accepts[i]!, accepts[next[i]!]) : NOTHING,
  );
  const jumps = !begin && prefix !== '';
  return {
    length,
    kinds,
    accepts,
    classes,
    nearEnd,
    begin,
    end,
    parens,
    slots,
    prefix,
    filter,
    stays,
    next,
    first: jumps ? undefined : firstBytes(tokens, kinds, accepts),
    folds: jumps || !filter.isEmpty,
  };
}

const NOTHING = new Uint8Array(0);
const differences = new Map<string, Uint8Array>();

/** Bytes of the one that the other does not have; equal ones are shared, since patterns are many and classes few. */
function difference(one: Uint8Array, other: Uint8Array | undefined): Uint8Array {
  const table = one.map((inside, byte) => inside & ~(other?.[byte] ?? 0) & 1);
  const key = table.join('');
  const known = differences.get(key);
  if (known) return known;
  differences.set(key, table);
  return table;
}

/** Behind a `^` a text that does not fit is given up after a few bytes, unless a class runs over all of it. */
function needsFilter({ begin, tokens }: Alternative): boolean {
  return !begin || tokens.some((token) => token.kind === 'class' && token.quantifier !== 'one' && token.bytes === ANY);
}

const ANY = CLASSES.get('.')!;

/** What the classes that may be left out and the first token that may not take; parentheses further on would be noted. */
function firstBytes(
  tokens: Alternative['tokens'],
  kinds: Uint8Array,
  accepts: readonly Uint8Array[],
): Uint8Array | undefined {
  const first = new Uint8Array(256);
  for (let i = tokens[0]?.kind === 'open' ? 1 : 0; i < tokens.length; i++) {
    if (kinds[i]! >= OPEN) return undefined;
    for (let byte = 0; byte < 256; byte++) first[byte]! |= accepts[i]![byte]!;
    if (kinds[i] !== STAR) return first;
  }
  return undefined;
}

function literalPrefix({ tokens }: Alternative): string {
  let prefix = '';
  for (const token of tokens) {
    if (token.kind !== 'literal' || token.byte < 0) break;
    prefix += String.fromCharCode(token.byte);
  }
  return prefix;
}
