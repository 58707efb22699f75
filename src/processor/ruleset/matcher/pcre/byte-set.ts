/** A set of bytes as a table of 0 and 1: the fastest test there is, and equal for all users of it. */
export type ByteSet = Uint8Array;

export function byteSet(contains: (byte: number) => boolean): ByteSet {
  return Uint8Array.from({ length: 256 }, (_, byte) => (contains(byte) ? 1 : 0));
}

export const ALL: ByteSet = byteSet(() => true);

const between = (byte: number, from: string, to: string) => byte >= from.charCodeAt(0) && byte <= to.charCodeAt(0);
const isDigit = (byte: number) => between(byte, '0', '9');
const isLower = (byte: number) => between(byte, 'a', 'z');
const isUpper = (byte: number) => between(byte, 'A', 'Z');
const isAlpha = (byte: number) => isLower(byte) || isUpper(byte);
const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);
const isGraph = (byte: number) => byte > 32 && byte < 127;

export const WORD: ByteSet = byteSet((byte) => isAlpha(byte) || isDigit(byte) || byte === 95);
export const DIGIT: ByteSet = byteSet(isDigit);
export const SPACE: ByteSet = byteSet(isSpace);
/** `[:alpha:]` ... */
export const POSIX_CLASSES: ReadonlyMap<string, ByteSet> = new Map([
  ['alpha', byteSet(isAlpha)],
  ['lower', byteSet(isLower)],
  ['upper', byteSet(isUpper)],
  ['alnum', byteSet((byte) => isAlpha(byte) || isDigit(byte))],
  ['ascii', byteSet((byte) => byte < 128)],
  ['blank', byteSet((byte) => byte === 32 || byte === 9)],
  ['cntrl', byteSet((byte) => byte < 32 || byte === 127)],
  ['digit', DIGIT],
  ['graph', byteSet(isGraph)],
  ['print', byteSet((byte) => isGraph(byte) || byte === 32)],
  ['punct', byteSet((byte) => isGraph(byte) && !isAlpha(byte) && !isDigit(byte))],
  ['space', SPACE],
  ['word', WORD],
  ['xdigit', byteSet((byte) => isDigit(byte) || between(byte, 'a', 'f') || between(byte, 'A', 'F'))],
]);

export function complement(set: ByteSet): ByteSet {
  return set.map((inside) => 1 - inside);
}

export function union(a: ByteSet, b: ByteSet): ByteSet {
  return a.map((inside, byte) => inside | b[byte]!);
}

export function isDisjoint(a: ByteSet, b: ByteSet): boolean {
  for (let byte = 0; byte < 256; byte++) if (a[byte] && b[byte]) return false;
  return true;
}

export interface Literal {
  readonly byte: number;
  /** A letter in both cases; `byte` is the lower one. */
  readonly caseless: boolean;
}

const literals = new WeakMap<ByteSet, Literal | false>();

/** The only byte of the set, or the letter whose two cases it holds; undefined for other sets. */
export function literalOf(set: ByteSet): Literal | undefined {
  let literal = literals.get(set);
  if (literal === undefined) {
    literal = findLiteral(set);
    literals.set(set, literal);
  }
  return literal || undefined;
}

function findLiteral(set: ByteSet): Literal | false {
  const first = set.indexOf(1);
  if (first < 0) return false;
  const second = set.indexOf(1, first + 1);
  if (second < 0) return { byte: first, caseless: false };
  const isPair = first >= 65 && first <= 90 && second === first + 32 && set.indexOf(1, second + 1) < 0;
  return isPair ? { byte: second, caseless: true } : false;
}
