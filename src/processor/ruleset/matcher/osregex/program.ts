import { LiteralFilter } from '../literal-filter.ts';
import { literalRuns } from './literals.ts';
import { type Alternative, CLASSES, type Token } from './parse.ts';
import { EMPTY_ROW, rowOf, rowOfDifference, SETS } from './sets.ts';

/** Kinds of tokens, as numbers for the inner loop. `END` is behind the last one. */
export const LITERAL = 0;
export const ONE = 1;
export const PLUS = 2;
export const STAR = 3;
export const OPEN = 4;
export const CLOSE = 5;
export const END = 6;

/** Numbers that a token takes. */
export const STRIDE = 2;
export const KIND = 7;
/**
 * The pattern text ends less than four bytes after the start of the token, which is how the original notices that a
 * repeated class is the last thing in the pattern; a class without quantifier followed by at most one more byte fulfils it
 * too.
 */
export const NEAR_END = 8;
/** Of a repeated class: a parenthesis comes next, and which one. `NEXT_...` is about the token behind, that left out. */
export const PAREN = 16;
export const PAREN_CLOSES = 32;
export const NEXT_IS_END = 64;
export const NEXT_IS_CLASS = 128;
export const NEXT_IS_RUN = 256;
/** A literal's byte (folded), a parenthesis's place among the parentheses, or that of the one behind a repeated class. */
export const VALUE = 16;
/** In the second number: the sets of the token, of the next one, and of what the token takes and the next does not. */
export const ROW_BITS = 10;
export const ROW = (1 << ROW_BITS) - 1;

/** No byte: a literal above 127 is never found. */
const NEVER = 256;

/**
 * An alternative in the form the machine runs: small and in one piece, since each of hundreds has to come from far memory
 * when its turn is.
 */
export interface Program {
  /** Two numbers for each token, then one more for the end. */
  readonly code: Int32Array;
  readonly begin: boolean;
  readonly end: boolean;
  /** Number of parentheses, both kinds. */
  readonly parens: number;
  /** Literals (folded) that a pattern without `^` begins with, up to the first other token: a search jumps there. */
  readonly jump: string;
  /** 1 where a class without quantifier stands before them. */
  readonly lead: number;
  /** What every matching text has besides. */
  readonly filter: LiteralFilter | undefined;
  /** Row of the bytes at which a match can begin; EMPTY_ROW where that is any, or a literal at the very start tells. */
  readonly first: number;
  /** Whether `run` looks at the folded text. */
  readonly folds: boolean;
}

export function buildProgram(alternative: Alternative): Program {
  const { tokens, begin, end } = alternative;
  const code = new Int32Array((tokens.length + 1) * STRIDE);
  code[tokens.length * STRIDE] = END;
  const own = tokens.map(rowOfToken);
  const slots = slotsOf(tokens);
  let textAfter = 0;
  for (let index = tokens.length - 1; index >= 0; index--) {
    const token = tokens[index]!;
    textAfter += token.kind !== 'class' ? 1 : token.quantifier === 'one' ? 2 : 3;
    const place = index * STRIDE;
    const kind = kindOf(token);
    let value = kind === LITERAL ? literalOf(token) : slots[index]!;
    let flags = textAfter <= 3 ? NEAR_END : 0;
    let rows = own[index]!;
    if (kind === PLUS || kind === STAR) {
      const paren = tokens[index + 1];
      const behind = isParen(paren) ? index + 2 : index + 1;
      const next = tokens[behind];
      if (isParen(paren)) {
        flags |= PAREN | (paren!.kind === 'close' ? PAREN_CLOSES : 0);
        value = slots[index + 1]!;
      }
      if (!next) flags |= NEXT_IS_END;
      else {
        if (next.kind === 'class') flags |= NEXT_IS_CLASS | (next.quantifier === 'one' ? 0 : NEXT_IS_RUN);
        rows |= (own[behind]! << ROW_BITS) | (rowOfDifference(own[index]!, own[behind]!) << (2 * ROW_BITS));
      }
    }
    code[place] = kind | flags | (value << VALUE);
    code[place + 1] = rows;
  }
  const lead = leadsToLiteral(alternative) ? 1 : 0;
  const jump = lead === 1 ? literalStart({ tokens: tokens.slice(1), begin, end }) : literalStart(alternative);
  const startsWithLiteral = lead === 1 || (tokens[0]?.kind === 'literal' && tokens[0].byte >= 0);
  const filter = needsFilter(alternative)
    ? new LiteralFilter(literalRuns(alternative).slice(startsWithLiteral ? 1 : 0))
    : undefined;
  return {
    code,
    begin,
    end,
    parens: tokens.filter(isParen).length,
    jump,
    lead,
    filter: filter?.isEmpty ? undefined : filter,
    first: (jump === '' || lead === 1) && !begin ? firstRow(tokens) : EMPTY_ROW,
    folds: jump !== '' || (filter !== undefined && !filter.isEmpty),
  };
}

function kindOf(token: Token): number {
  switch (token.kind) {
    case 'literal':
      return LITERAL;
    case 'class':
      return token.quantifier === 'one' ? ONE : token.quantifier === 'plus' ? PLUS : STAR;
    case 'open':
      return OPEN;
    case 'close':
      return CLOSE;
  }
}

function isParen(token: Token | undefined): boolean {
  return token?.kind === 'open' || token?.kind === 'close';
}

function literalOf(token: Token): number {
  return token.kind === 'literal' && token.byte >= 0 ? token.byte : NEVER;
}

/** Places among the parentheses. */
function slotsOf(tokens: readonly Token[]): number[] {
  let parens = 0;
  return tokens.map((token) => (isParen(token) ? parens++ : 0));
}

// Made first, so that there is room for them.
const classRows = new Map([...CLASSES.values()].map((set) => [set, rowOf(set)!]));
const literalRows = Array.from({ length: 128 }, (_, byte) => rowOf(literalSet(byte))!);

function literalSet(byte: number): Uint8Array {
  const set = new Uint8Array(256);
  set[byte] = 1;
  if (byte >= 97 && byte <= 122) set[byte - 32] = 1;
  return set;
}

/** Bytes that a token accepts; for a parenthesis the parenthesis itself (see `run`). */
function rowOfToken(token: Token): number {
  switch (token.kind) {
    case 'class':
      return classRows.get(token.bytes)!;
    case 'literal':
      return token.byte < 0 ? EMPTY_ROW : literalRows[token.byte]!;
    default:
      return classRows.get(CLASSES.get(token.kind === 'open' ? '(' : ')')!)!;
  }
}

/** Behind a `^` a text that does not fit is given up after a few bytes, unless a class runs over all of it. */
function needsFilter({ begin, tokens }: Alternative): boolean {
  return !begin || tokens.some((token) => token.kind === 'class' && token.quantifier !== 'one' && token.bytes === ANY);
}

const ANY = CLASSES.get('.')!;

/** What the classes that may be left out and the first token that may not take; parentheses further on would be noted. */
function firstRow(tokens: readonly Token[]): number {
  const first = new Uint8Array(256);
  for (let index = tokens[0]?.kind === 'open' ? 1 : 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    if (isParen(token)) return EMPTY_ROW;
    const from = rowOfToken(token) * 256;
    for (let byte = 0; byte < 256; byte++) first[byte]! |= SETS[from + byte]!;
    if (kindOf(token) !== STAR) return rowOf(first) ?? EMPTY_ROW;
  }
  return EMPTY_ROW;
}

/** Shorter literals behind a class stand in too many places. */
const MIN_LED = 3;

/** Whether attempts fail before the literal is complete, and leave nothing behind, wherever class and literal are not. */
function leadsToLiteral({ tokens, begin, end }: Alternative): boolean {
  const first = tokens[0];
  if (begin || first?.kind !== 'class' || first.quantifier !== 'one') return false;
  return literalStart({ tokens: tokens.slice(1), begin, end }).length >= MIN_LED;
}

/** Literals (folded) that an alternative without `^` begins with, up to the first other token. */
export function literalStart({ tokens, begin }: Alternative): string {
  if (begin) return '';
  let prefix = '';
  for (const token of tokens) {
    if (token.kind !== 'literal' || token.byte < 0) break;
    prefix += String.fromCharCode(token.byte);
  }
  return prefix;
}
