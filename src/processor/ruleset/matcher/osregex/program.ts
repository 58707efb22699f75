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
  const filter = new LiteralFilter(prefix === '' ? runs : runs.slice(1));
  return { length, kinds, accepts, classes, nearEnd, begin, end, parens, slots, prefix, filter };
}

function literalPrefix({ tokens }: Alternative): string {
  let prefix = '';
  for (const token of tokens) {
    if (token.kind !== 'literal' || token.byte < 0) break;
    prefix += String.fromCharCode(token.byte);
  }
  return prefix;
}
