import { choice, type Node, sequence } from './ast.ts';
import { type ByteSet, byteSet } from './byte-set.ts';

/** Code points as ranges, both ends inside, sorted and apart. In byte mode a code point is a byte. */
export type CodeSet = readonly (readonly [number, number])[];

export const MAX_CODE_POINT = 0x10ffff;

/** Sorts and joins ranges. */
export function codeSet(ranges: CodeSet): CodeSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = joined.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

export function complementCodes(set: CodeSet, max: number): CodeSet {
  const rest: [number, number][] = [];
  let next = 0;
  for (const [from, to] of set) {
    if (from > next) rest.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= max) rest.push([next, max]);
  return rest;
}

export function codesOfBytes(set: ByteSet, max = 256): CodeSet {
  const ranges: [number, number][] = [];
  for (let byte = 0; byte < max; byte++) if (set[byte]) ranges.push([byte, byte]);
  return codeSet(ranges);
}

/** Adds the other cases: of ASCII letters only in byte mode, by simple Unicode folding in UTF mode. */
export function closeCodeCase(set: CodeSet, utf: boolean): CodeSet {
  const ranges = [...set];
  for (let lower = 97; lower <= 122; lower++) {
    if (!contains(set, lower) && !contains(set, lower - 32)) continue;
    ranges.push([lower, lower], [lower - 32, lower - 32]);
  }
  if (utf) {
    for (const [code, others] of caseVariants()) {
      if (contains(set, code)) ranges.push(...others.map((other): [number, number] => [other, other]));
    }
  }
  return codeSet(ranges);
}

function contains(set: CodeSet, code: number): boolean {
  return set.some(([from, to]) => code >= from && code <= to);
}

let variants: Map<number, number[]> | undefined;

/**
 * Characters equal but for case, by simple folding: it is what `i` and `u` of a native expression do together, and it
 * has the Kelvin sign and the long s, as PCRE2 has. ASCII letters among themselves are left out.
 */
function caseVariants(): Map<number, number[]> {
  if (variants) return variants;
  variants = new Map();
  let cased = '';
  for (let code = 0; code <= 0x1ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const char = String.fromCodePoint(code);
    if (char.toLowerCase() !== char || char.toUpperCase() !== char) cased += char;
  }
  for (const char of cased) {
    const code = char.codePointAt(0)!;
    const folded = char.toLowerCase() + char.toUpperCase();
    if (code > 127 && !/[^\x80-\uffff]/.test(folded)) {
      for (const other of new Set(folded)) addVariant(code, other.codePointAt(0)!);
    }
  }
  // Those that the mappings above do not reach from both sides.
  for (const group of [
    'k\u212a',
    's\u017f',
    '\xe5\u212b',
    '\u03c9\u2126',
    '\u03c3\u03c2',
    '\xb5\u03bc',
    '\xdf\u1e9e',
  ]) {
    for (const a of group) {
      for (const b of [a, a.toUpperCase()]) {
        for (const c of group) {
          for (const d of [c, c.toUpperCase()])
            if (b.length === 1 && d.length === 1) addVariant(b.codePointAt(0)!, d.codePointAt(0)!);
        }
      }
    }
  }
  return variants;
}

function addVariant(a: number, b: number): void {
  if (a === b || (a < 128 && b < 128)) return;
  for (const [from, to] of [[a, b] as const, [b, a] as const]) {
    const others = variants!.get(from);
    if (!others) variants!.set(from, [to]);
    else if (!others.includes(to)) others.push(to);
  }
}

/** The same sets come back in every pattern of a ruleset: nodes and byte sets are made once. */
const nodes = new Map<string, Node>();

/** One code point of the set: one byte, or in UTF mode the bytes that encode it. */
export function codeNode(set: CodeSet, utf: boolean): Node {
  const key = `${utf}:${set.join(' ')}`;
  let node = nodes.get(key);
  if (!node) {
    node = buildNode(set, utf);
    if (nodes.size < MAX_NODES) nodes.set(key, node);
  }
  return node;
}

/** Rulesets hold a few hundred; the bound is for hostile ones. */
const MAX_NODES = 10_000;

function buildNode(set: CodeSet, utf: boolean): Node {
  const bytes = new Uint8Array(256);
  for (const [from, to] of set) bytes.fill(1, from, Math.min(to, utf ? 127 : 255) + 1);
  const single: Node = { kind: 'set', bytes };
  if (!utf) return single;
  const sequences = set.flatMap(([from, to]) => encodeRange(Math.max(from, 128), to));
  if (sequences.length === 0) return single;
  return bytes.includes(1) ? choice([single, ...sequences]) : choice(sequences);
}

const characters = new Map<number, Node>();

/** One character, in both cases when case is ignored. */
export function characterNode(code: number, caseless: boolean, utf: boolean): Node {
  const key = code * 4 + (caseless ? 2 : 0) + (utf ? 1 : 0);
  let node = characters.get(key);
  if (!node) {
    const set: CodeSet = [[code, code]];
    node = codeNode(caseless ? closeCodeCase(set, utf) : set, utf);
    if (characters.size < MAX_NODES) characters.set(key, node);
  }
  return node;
}

/** Highest code points of 2, 3 and 4 bytes. */
const WIDTHS = [0x7ff, 0xffff, MAX_CODE_POINT];

/** Splits a range where the number of bytes or a leading byte changes, so that each part is a product of byte ranges. */
function encodeRange(from: number, to: number): Node[] {
  if (from > to) return [];
  for (const limit of WIDTHS) {
    if (from <= limit && to > limit) return [...encodeRange(from, limit), ...encodeRange(limit + 1, to)];
  }
  const width = WIDTHS.findIndex((limit) => to <= limit) + 2;
  for (let tail = 1; tail < width; tail++) {
    const mask = (1 << (6 * tail)) - 1;
    if ((from & ~mask) === (to & ~mask)) continue;
    if ((from & mask) !== 0) return [...encodeRange(from, from | mask), ...encodeRange((from | mask) + 1, to)];
    if ((to & mask) !== mask) return [...encodeRange(from, (to & ~mask) - 1), ...encodeRange(to & ~mask, to)];
  }
  const first = encode(from);
  const last = encode(to);
  return [
    sequence(first.map((low, i) => ({ kind: 'set', bytes: byteSet((byte) => byte >= low && byte <= last[i]!) }))),
  ];
}

/** By arithmetic, since surrogates (which no valid text holds) may stand at the ends of a range. */
function encode(code: number): number[] {
  if (code <= 0x7ff) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
  if (code <= 0xffff) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
}
