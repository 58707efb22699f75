import type { FieldTable } from '../compile/field-table.ts';
import { FOLD } from '../matcher/ascii.ts';
import { addToHash, HASH_CASE, HASH_FACTOR, HASH_START } from '../matcher/hash.ts';
import { unescapeText } from './json-reader.ts';

/** Numbers of one leaf: a value of a known path, and where it lies in the text. The first is that of the path in the table. */
export const LEAF = 5;
export const START = 1;
export const END = 2;
/** How many values come before it. */
export const BEFORE = 3;
/** 1: the path stands there in lower case, as in the table. */
export const EXACT = 4;

export type ScanOutcome = 'read' | 'malformed' | 'unusual';

const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const COLON = 58;
const BACKSLASH = 92;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const DOT = 46;
/** cJSON's own limit. */
const MAX_DEPTH = 1000;

/** Letters that may follow a backslash, `u` apart. */
const ESCAPES = new Uint8Array(256);
for (const letter of 'bfnrt"\\/') ESCAPES[letter.charCodeAt(0)] = 1;

const FAILED = -1;
/** A name that holds an escape or a zero byte: the reader that makes every field takes over. */
const UNUSUAL = -2;

/**
 * Walks over a JSON document without making anything of it, as the reader of `json-reader.ts` would, and notes where the
 * values of known paths lie. What it cannot tell for certain it leaves to that reader.
 */
export class JsonScan {
  private readonly table: FieldTable;
  private bytes: Uint8Array = new Uint8Array(0);
  private text = '';
  private end = 0;
  private skipNull = false;
  /** Ranges of the names on the way to the current member. */
  private readonly nameStarts: number[] = [];
  private readonly nameEnds: number[] = [];
  /** Values of known paths in document order, LEAF numbers each. */
  leaves = new Int32Array(64 * LEAF);
  leafCount = 0;
  /** Values in all. */
  count = 0;

  constructor(table: FieldTable) {
    this.table = table;
  }

  /** @param bytes those of `text`, and one byte more that is zero */
  run(text: string, bytes: Uint8Array, from: number, discardNull: boolean): ScanOutcome {
    this.text = text;
    this.bytes = bytes;
    this.end = text.length;
    this.skipNull = discardNull;
    this.leafCount = 0;
    this.count = 0;
    let at = text.startsWith('\xef\xbb\xbf', from) ? from + 3 : from;
    at = this.space(at);
    if (bytes[at] !== OPEN_OBJECT || at >= this.end) return 'unusual';
    const result = this.object(at, 0, HASH_START);
    if (result === UNUSUAL) return 'unusual';
    return result < 0 ? 'malformed' : 'read';
  }

  /** The first byte above 32 from `at` on, at most the end. */
  private space(at: number): number {
    const { bytes, end } = this;
    while (at < end && bytes[at]! <= 32) at++;
    return at;
  }

  /** `at` is the brace; returns the place behind the object. */
  private object(at: number, depth: number, prefix: number): number {
    if (depth >= MAX_DEPTH) return FAILED;
    const { bytes, end } = this;
    at = this.space(at + 1);
    if (at < end && bytes[at] === CLOSE_OBJECT) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE || at >= end) return FAILED;
      const start = at + 1;
      let hash = prefix;
      let place = start;
      let byte = bytes[place]!;
      // Zero also ends the text.
      while (byte !== QUOTE && byte !== BACKSLASH && byte !== 0) {
        hash = Math.imul(hash ^ (byte | HASH_CASE), HASH_FACTOR);
        byte = bytes[++place]!;
      }
      if (place >= end) return FAILED;
      if (byte !== QUOTE) return UNUSUAL;
      this.nameStarts[depth] = start;
      this.nameEnds[depth] = place;
      at = this.space(place + 1);
      if (bytes[at] !== COLON || at >= end) return FAILED;
      at = this.member(this.space(at + 1), depth, hash);
      if (at < 0) return at;
      at = this.space(at);
      if (at >= end) return FAILED;
      const separator = bytes[at]!;
      at++;
      if (separator === CLOSE_OBJECT) return at;
      if (separator !== COMMA) return FAILED;
      at = this.space(at);
    }
  }

  private member(at: number, depth: number, hash: number): number {
    if (at >= this.end) return FAILED;
    const byte = this.bytes[at]!;
    if (byte === OPEN_OBJECT) return this.object(at, depth + 1, addToHash(hash, DOT));
    const end = this.value(at, depth + 1);
    if (end < 0) return end;
    // null
    if (byte === 110 && this.skipNull) return end;
    const number = this.table.find(hash);
    const likeness = number < 0 ? 0 : this.compare(number, depth);
    if (likeness > 0) this.note(number, at, end, likeness === 2);
    this.count++;
    return end;
  }

  private note(number: number, start: number, end: number, exact: boolean): void {
    const at = this.leafCount++ * LEAF;
    if (at + LEAF > this.leaves.length) {
      const larger = new Int32Array(this.leaves.length * 2);
      larger.set(this.leaves);
      this.leaves = larger;
    }
    const { leaves } = this;
    leaves[at] = number;
    leaves[at + START] = start;
    leaves[at + END] = end;
    leaves[at + BEFORE] = this.count;
    leaves[at + EXACT] = exact ? 1 : 0;
  }

  /** Returns the place behind a value that is no object of fields. */
  private value(at: number, depth: number): number {
    if (at >= this.end) return FAILED;
    const byte = this.bytes[at]!;
    if (byte === QUOTE) return this.string(at);
    if (byte === OPEN_ARRAY) return this.array(at, depth);
    if (byte === OPEN_OBJECT) return this.innerObject(at, depth);
    if (byte === MINUS || (byte >= 48 && byte <= 57)) return this.number(at);
    for (const word of WORDS) if (this.text.startsWith(word, at)) return at + word.length;
    return FAILED;
  }

  private string(at: number): number {
    const { bytes, end } = this;
    const start = ++at;
    let plain = true;
    for (;;) {
      let byte = bytes[at]!;
      while (byte !== QUOTE && byte !== BACKSLASH && byte !== 0) byte = bytes[++at]!;
      if (at >= end) return FAILED;
      if (byte === QUOTE) break;
      at++;
      // Zero bytes stand for themselves.
      if (byte !== BACKSLASH) continue;
      if (at >= end) return FAILED;
      if (ESCAPES[bytes[at]!] === 0) plain = false;
      at++;
    }
    if (!plain && unescapeText(this.text.slice(start, at)) === undefined) return FAILED;
    return at + 1;
  }

  private number(at: number): number {
    const { bytes } = this;
    let place = at;
    if (bytes[place] === MINUS) place++;
    const digits = place;
    while (bytes[place]! >= 48 && bytes[place]! <= 57) place++;
    const next = bytes[place]!;
    if (place > digits && place - at < 32 && next !== DOT && next !== 69 && next !== 101) return place;
    NUMBER.lastIndex = at;
    const match = NUMBER.exec(this.text);
    // Very long numbers are cut: the reader knows how.
    if (!match) return FAILED;
    return match[0].length > 63 ? UNUSUAL : at + match[0].length;
  }

  private array(at: number, depth: number): number {
    if (depth >= MAX_DEPTH) return FAILED;
    at = this.space(at + 1);
    if (at < this.end && this.bytes[at] === CLOSE_ARRAY) return at + 1;
    for (;;) {
      at = this.value(this.space(at), depth + 1);
      if (at < 0) return at;
      at = this.space(at);
      if (at >= this.end) return FAILED;
      const separator = this.bytes[at]!;
      at++;
      if (separator === CLOSE_ARRAY) return at;
      if (separator !== COMMA) return FAILED;
    }
  }

  /** An object inside an array: its members are no fields. */
  private innerObject(at: number, depth: number): number {
    if (depth >= MAX_DEPTH) return FAILED;
    at = this.space(at + 1);
    if (at < this.end && this.bytes[at] === CLOSE_OBJECT) return at + 1;
    for (;;) {
      if (at >= this.end || this.bytes[at] !== QUOTE) return FAILED;
      at = this.string(at);
      if (at < 0) return at;
      at = this.space(at);
      if (at >= this.end || this.bytes[at] !== COLON) return FAILED;
      at = this.value(this.space(at + 1), depth + 1);
      if (at < 0) return at;
      at = this.space(at);
      if (at >= this.end) return FAILED;
      const separator = this.bytes[at]!;
      at++;
      if (separator === CLOSE_OBJECT) return at;
      if (separator !== COMMA) return FAILED;
      at = this.space(at);
    }
  }

  /** The names on the way, joined by dots, against a path: 0 unlike, 1 alike but for case, 2 equal. */
  private compare(number: number, depth: number): number {
    const { bytes, nameStarts, nameEnds } = this;
    const path = this.table.paths[number]!;
    let place = 0;
    let likeness = 2;
    for (let level = 0; level <= depth; level++) {
      if (level > 0 && path.charCodeAt(place++) !== DOT) return 0;
      const end = nameEnds[level]!;
      for (let at = nameStarts[level]!; at < end; at++) {
        const byte = bytes[at]!;
        const wanted = path.charCodeAt(place++);
        if (byte === wanted) continue;
        if (FOLD[byte] !== wanted) return 0;
        likeness = 1;
      }
    }
    return place === path.length ? likeness : 0;
  }
}

const WORDS = ['null', 'false', 'true'] as const;
const NUMBER = /-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;
