import type { Dialect } from './ast.ts';

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const BLANK = 32;
const QUOTE = 34;
const HASH = 35;
const COLON = 58;

/**
 * Where key and value stand in one line of a list, as positions in the bytes of the file. One object is filled again and
 * again: lists have millions of lines. What counts as an entry is what `parseList` says; a test holds the two together.
 */
export class ListLine {
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Why the line is none, if so. */
  problem: 'blank' | 'without colon' | 'unbalanced quotes' | undefined = undefined;

  /** Reads the line, or piece of one, that starts at `start` and is at most `maxBytes` long. Returns whether it is an entry. */
  read(bytes: Uint8Array, start: number, maxBytes: number, dialect: Dialect): boolean {
    const limit = Math.min(bytes.length, start + maxBytes);
    let end = start;
    let colon = -1;
    let quote = -1;
    let hash = false;
    for (; end < limit; end++) {
      const byte = bytes[end]!;
      if (byte === COLON) {
        if (colon < 0) colon = end;
      } else if (byte === QUOTE) {
        if (quote < 0) quote = end;
      } else if (byte === HASH) hash = true;
      else if (byte === NEWLINE || byte === RETURN || byte === 0) break;
    }
    if (dialect === 'ossec') {
      if (hash) end = endBeforeComment(bytes, start, end);
      if (colon >= end) colon = -1;
      return this.#take(bytes, start, colon, colon + 1, end);
    }
    return quote < 0
      ? this.#take(bytes, start, colon, colon + 1, end)
      : this.#readQuoted(bytes, start, colon, quote, end);
  }

  #take(bytes: Uint8Array, start: number, colon: number, valueStart: number, end: number): boolean {
    if (colon < 0) {
      this.problem = isBlank(bytes, start, end) ? 'blank' : 'without colon';
      return false;
    }
    this.problem = undefined;
    this.keyStart = start;
    this.keyEnd = colon;
    this.valueStart = valueStart;
    this.valueEnd = end;
    return true;
  }

  #readQuoted(bytes: Uint8Array, start: number, colon: number, quote: number, end: number): boolean {
    let keyStart = start;
    let keyEnd = colon;
    let separator = colon;
    if (colon > quote) {
      keyStart = quote + 1;
      keyEnd = find(bytes, QUOTE, keyStart, end);
      if (keyEnd < 0) return this.#isUnbalanced();
      separator = find(bytes, COLON, keyEnd + 1, end);
    }
    if (!this.#take(bytes, keyStart, separator, separator + 1, end)) return false;
    this.keyEnd = keyEnd;
    const opening = find(bytes, QUOTE, separator + 1, end);
    if (opening < 0) return true;
    const closing = find(bytes, QUOTE, opening + 1, end);
    if (closing < 0) return this.#isUnbalanced();
    this.valueStart = opening + 1;
    this.valueEnd = closing;
    return true;
  }

  #isUnbalanced(): false {
    this.problem = 'unbalanced quotes';
    return false;
  }
}

/** The first `###` ends the line, and so do the blanks before it. */
function endBeforeComment(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 2 < end; at++) {
    if (bytes[at] !== HASH || bytes[at + 1] !== HASH || bytes[at + 2] !== HASH) continue;
    let last = at;
    while (last > start && (bytes[last - 1] === BLANK || bytes[last - 1] === TAB)) last--;
    return last;
  }
  return end;
}

function find(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return at;
  return -1;
}

/** As `trim` sees it, where a character is a byte. */
function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte !== BLANK && byte !== 0xa0 && !(byte >= TAB && byte <= RETURN)) return false;
  }
  return true;
}
