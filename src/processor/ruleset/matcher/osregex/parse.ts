import { FOLD } from '../ascii.ts';
import { PatternError } from '../types.ts';

/** How often a class may repeat: once, at least once, any number of times. Only tokens written with a backslash repeat. */
export type Quantifier = 'one' | 'plus' | 'star';

/**
 * A token of a pattern. `literal` is a plain character (folded); a byte above 127 is written as -1, since the original
 * compares a signed pattern byte with an unsigned text byte and so never finds it equal. `class` is everything written
 * with a backslash, escaped characters included, because only those take a quantifier. `open` and `close` are the
 * parentheses of a capture.
 */
export type Token =
  | { readonly kind: 'literal'; readonly byte: number }
  | { readonly kind: 'class'; readonly bytes: Uint8Array; readonly quantifier: Quantifier }
  | { readonly kind: 'open' }
  | { readonly kind: 'close' };

/** One `|` piece of a pattern; the first piece that matches anywhere in the text wins. */
export interface Alternative {
  readonly tokens: readonly Token[];
  /** Written with a leading `^`. */
  readonly begin: boolean;
  /** Written with a trailing `$`. */
  readonly end: boolean;
}

const MAX_PATTERN = 20_480;

const isDigit = (byte: number) => byte >= 48 && byte <= 57;
const isLetter = (byte: number) => (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
const isWord = (byte: number) => isLetter(byte) || isDigit(byte) || byte === 45 || byte === 64 || byte === 95;
const PUNCTUATION = new Set(Array.from('!"#$%&\'()*+,-.:;<=>?[]{|}', (char) => char.charCodeAt(0)));

function byteTable(contains: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (contains(byte) ? 1 : 0));
}

/** What may follow a backslash, and the bytes it stands for. */
export const CLASSES: ReadonlyMap<string, Uint8Array> = new Map([
  ['d', byteTable(isDigit)],
  ['w', byteTable(isWord)],
  ['s', byteTable((byte) => byte === 32)],
  ['t', byteTable((byte) => byte === 9)],
  ['p', byteTable((byte) => PUNCTUATION.has(byte))],
  ['D', byteTable((byte) => !isDigit(byte))],
  ['W', byteTable((byte) => !isWord(byte))],
  ['S', byteTable((byte) => byte !== 32)],
  ['.', byteTable(() => true)],
  ...Array.from('()\\$<|', (char): [string, Uint8Array] => [char, byteTable((byte) => byte === char.charCodeAt(0))]),
]);

/**
 * Reads an OS_Regex pattern as Wazuh 4.14 does: anchors bind to one alternative, captures neither nest nor hold a `|`.
 *
 * @throws PatternError with the byte offset
 */
export function parseOsRegex(pattern: string): Alternative[] {
  if (pattern.length > MAX_PATTERN) throw new PatternError(`pattern longer than ${MAX_PATTERN} bytes`);
  const alternatives: Alternative[] = [];
  let tokens: Token[] = [];
  let begin = false;
  let opened = -1;
  let start = 0;
  let at = 0;

  const finish = (end: boolean, next: number) => {
    if (opened >= 0) throw new PatternError(ALTERNATION_IN_GROUP, next - 1);
    alternatives.push({ tokens, begin, end });
    tokens = [];
    begin = false;
    start = next;
  };

  while (at < pattern.length) {
    const char = pattern[at]!;
    const next = pattern[at + 1];
    if (char === '\\') {
      const token = readClass(pattern, at);
      tokens.push(token);
      at += token.quantifier === 'one' ? 2 : 3;
      continue;
    }
    if (char === '|') {
      finish(false, at + 1);
    } else if (char === '$' && next === '|') {
      finish(true, at + 2);
      at++;
    } else if (char === '$' && next === undefined) {
      break;
    } else if (char === '^' && at === start) {
      begin = true;
    } else if (char === '(') {
      if (opened >= 0) throw new PatternError('groups do not nest in osregex; this pattern needs type="pcre2"', at);
      opened = at;
      tokens.push({ kind: 'open' });
    } else if (char === ')') {
      if (opened < 0) throw new PatternError('")" without "("; a literal one is written "\\)"', at);
      opened = -1;
      tokens.push({ kind: 'close' });
    } else {
      const byte = pattern.charCodeAt(at);
      tokens.push({ kind: 'literal', byte: byte > 127 ? -1 : FOLD[byte]! });
    }
    at++;
  }
  if (opened >= 0) throw new PatternError('"(" without ")"; a literal one is written "\\("', opened);
  finish(at < pattern.length, at);
  return alternatives;
}

const ALTERNATION_IN_GROUP = 'alternation inside a group is not osregex; this pattern needs type="pcre2"';

function readClass(pattern: string, at: number): Token & { kind: 'class' } {
  const name = pattern[at + 1];
  const bytes = name === undefined ? undefined : CLASSES.get(name);
  if (!bytes) {
    throw new PatternError(
      name === undefined
        ? 'the pattern ends in a backslash'
        : `"\\${name}" is not known to osregex (which has \\w \\d \\s \\t \\p \\W \\D \\S \\. \\( \\) \\\\ \\$ \\< \\|); use type="pcre2" or drop the backslash`,
      at,
    );
  }
  const mark = pattern[at + 2];
  return { kind: 'class', bytes, quantifier: mark === '+' ? 'plus' : mark === '*' ? 'star' : 'one' };
}
