import { DIGIT, SPACE, WORD } from './byte-set.ts';
import { type CodeSet, codesOfBytes, complementCodes, MAX_CODE_POINT } from './code-set.ts';

const HORIZONTAL: CodeSet = [
  [0x09, 0x09],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x180e, 0x180e],
  [0x2000, 0x200a],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
];
export const VERTICAL: CodeSet = [
  [0x0a, 0x0d],
  [0x85, 0x85],
  [0x2028, 0x2029],
];

const not = (set: CodeSet) => complementCodes(set, MAX_CODE_POINT);

const DIGITS = codesOfBytes(DIGIT);
const WORDS = codesOfBytes(WORD);
const SPACES = codesOfBytes(SPACE);

/** `\d`, `\w` ... of PCRE2 with its default (C locale) tables and without Unicode properties. */
export const TYPE_ESCAPES: ReadonlyMap<string, CodeSet> = new Map([
  ['d', DIGITS],
  ['D', not(DIGITS)],
  ['w', WORDS],
  ['W', not(WORDS)],
  ['s', SPACES],
  ['S', not(SPACES)],
  ['h', HORIZONTAL],
  ['H', not(HORIZONTAL)],
  ['v', VERTICAL],
  ['V', not(VERTICAL)],
]);

export const ANY: CodeSet = [[0, MAX_CODE_POINT]];
export const NOT_NEWLINE: CodeSet = not([[10, 10]]);
