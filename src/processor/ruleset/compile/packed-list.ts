import type { Dialect } from '../parse/ast.ts';
import { type ListProblem, ListProblems, MAX_LINE } from '../parse/list.ts';
import { ListLine } from '../parse/list-line.ts';
import type { ListEntries } from './memory-list.ts';

/** Slots for one line; the fuller, the more of them a look-up has to pass. */
const SLOTS_PER_LINE = 1.5;
const NEWLINE = 10;
/** Lines that are read before the event loop gets its turn. */
const LINES_AT_ONCE = 50_000;

/** What a packed list is made of: shared memory, so that several threads look things up in the same bytes. */
export interface PackedData {
  /** The file. */
  readonly text: Uint8Array;
  /** By hash of the key: one more than where its line starts, 0 for a free slot. */
  readonly lines: Uint32Array;
  /** Eight bits of the key's hash: most other keys are told apart without a look at the text. */
  readonly tags: Uint8Array;
  readonly size: number;
  readonly dialect: Dialect;
}

/**
 * A list of millions of keys: the bytes of its file, and a table of where the lines are. A line is taken apart when it is
 * asked for. Takes 7.5 bytes for each line besides the file itself; a `Map` takes some 150.
 */
export class PackedList implements ListEntries {
  readonly data: PackedData;
  readonly #line = new ListLine();

  constructor(data: PackedData) {
    this.data = data;
  }

  get size(): number {
    return this.data.size;
  }

  get(key: string): string | undefined {
    const { text, lines, tags, dialect } = this.data;
    const slots = lines.length;
    if (slots === 0) return undefined;
    const hash = hashText(key);
    if (hash < 0) return undefined;
    const line = this.#line;
    for (let slot = slotOf(hash, slots); ; slot = slot + 1 === slots ? 0 : slot + 1) {
      const start = lines[slot]!;
      if (start === 0) return undefined;
      if (tags[slot] !== (hash & 0xff)) continue;
      line.read(text, start - 1, MAX_LINE, dialect);
      if (isKey(key, text, line)) return textOf(text, line.valueStart, line.valueEnd);
    }
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** In no order. */
  *[Symbol.iterator](): Generator<[string, string]> {
    const { text, lines, dialect } = this.data;
    const line = new ListLine();
    for (const start of lines) {
      if (start === 0) continue;
      line.read(text, start - 1, MAX_LINE, dialect);
      yield [textOf(text, line.keyStart, line.keyEnd), textOf(text, line.valueStart, line.valueEnd)];
    }
  }
}

/** A list's content as another thread can be sent it: packed ones are not copied, all threads look in the same memory. */
export type SentEntries = ReadonlyMap<string, string> | PackedData;

export function sendEntries(entries: ListEntries): SentEntries {
  return entries instanceof PackedList ? entries.data : new Map(entries);
}

export function openEntries(sent: SentEntries): ListEntries {
  return sent instanceof Map ? sent : new PackedList(sent as PackedData);
}

/** Reads the text of a list in one go. */
export function packList(text: Uint8Array, dialect: Dialect): { entries: PackedList; problems: ListProblem[] } {
  const packer = new Packer(text, dialect);
  while (packer.read(LINES_AT_ONCE));
  return packer.finish();
}

/** The same for who has other things to do meanwhile: a list of a million keys takes some tenths of a second. */
export async function packListInTurns(
  text: Uint8Array,
  dialect: Dialect,
): Promise<{ entries: PackedList; problems: ListProblem[] }> {
  const packer = new Packer(text, dialect);
  while (packer.read(LINES_AT_ONCE)) await new Promise(setImmediate);
  return packer.finish();
}

class Packer {
  readonly #text: Uint8Array;
  readonly #dialect: Dialect;
  readonly #lines: Uint32Array;
  readonly #tags: Uint8Array;
  readonly #problems = new ListProblems();
  readonly #line = new ListLine();
  readonly #other = new ListLine();
  #size = 0;
  #next = 0;
  #number = 0;

  constructor(text: Uint8Array, dialect: Dialect) {
    this.#text = text;
    this.#dialect = dialect;
    const slots = Math.ceil(countPieces(text) * SLOTS_PER_LINE) + 1;
    this.#lines = new Uint32Array(new SharedArrayBuffer(slots * 4));
    this.#tags = new Uint8Array(new SharedArrayBuffer(slots));
  }

  /** Reads so many lines more; false behind the last. */
  read(count: number): boolean {
    const text = this.#text;
    for (let done = 0; done < count && this.#next < text.length; done++) {
      this.#number++;
      const newline = text.indexOf(NEWLINE, this.#next);
      const end = newline < 0 ? text.length : newline;
      if (end - this.#next > MAX_LINE) this.#problems.note('list-line-too-long', this.#number, this.#next);
      let start = this.#next;
      do {
        this.#take(start);
        start += MAX_LINE;
      } while (start < end);
      this.#next = end + 1;
    }
    return this.#next < text.length;
  }

  finish(): { entries: PackedList; problems: ListProblem[] } {
    const data = {
      text: this.#text,
      lines: this.#lines,
      tags: this.#tags,
      size: this.#size,
      dialect: this.#dialect,
    };
    return { entries: new PackedList(data), problems: this.#problems.all };
  }

  #take(start: number): void {
    const text = this.#text;
    const line = this.#line;
    if (!line.read(text, start, MAX_LINE, this.#dialect)) {
      if (line.problem === 'unbalanced quotes') this.#problems.note('list-line-unbalanced-quotes', this.#number, start);
      else if (line.problem === 'without colon') this.#problems.note('list-line-without-colon', this.#number, start);
      return;
    }
    const lines = this.#lines;
    const tags = this.#tags;
    const hash = hashBytes(text, line.keyStart, line.keyEnd);
    let slot = slotOf(hash, lines.length);
    for (; lines[slot] !== 0; slot = slot + 1 === lines.length ? 0 : slot + 1) {
      if (tags[slot] !== (hash & 0xff)) continue;
      this.#other.read(text, lines[slot]! - 1, MAX_LINE, this.#dialect);
      if (!isSameKey(text, line, this.#other)) continue;
      const key = textOf(text, line.keyStart, line.keyEnd);
      this.#problems.note('list-duplicate-key', this.#number, start, key);
      return;
    }
    lines[slot] = start + 1;
    tags[slot] = hash & 0xff;
    this.#size++;
  }
}

/** Lines, and pieces of those that are read in several. */
function countPieces(text: Uint8Array): number {
  let pieces = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf(NEWLINE, start);
    const end = newline < 0 ? text.length : newline;
    pieces += Math.max(1, Math.ceil((end - start) / MAX_LINE));
    start = end + 1;
  }
  return pieces;
}

/** FNV-1a, mixed so that neighbours (addresses, mostly) do not end up in neighbouring slots. */
function hashBytes(text: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ text[at]!, 0x01000193);
  return mix(hash);
}

/** The same of a text of bytes; -1 where it is none, and so no key. */
function hashText(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    if (code > 0xff) return -1;
    hash = Math.imul(hash ^ code, 0x01000193);
  }
  return mix(hash);
}

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function slotOf(hash: number, slots: number): number {
  return Math.floor((hash / 0x100000000) * slots);
}

function isKey(key: string, text: Uint8Array, { keyStart, keyEnd }: ListLine): boolean {
  if (key.length !== keyEnd - keyStart) return false;
  for (let at = 0; at < key.length; at++) if (key.charCodeAt(at) !== text[keyStart + at]) return false;
  return true;
}

function isSameKey(text: Uint8Array, one: ListLine, other: ListLine): boolean {
  const length = one.keyEnd - one.keyStart;
  if (length !== other.keyEnd - other.keyStart) return false;
  for (let at = 0; at < length; at++) if (text[one.keyStart + at] !== text[other.keyStart + at]) return false;
  return true;
}

function textOf(text: Uint8Array, start: number, end: number): string {
  return start === end ? '' : Buffer.from(text.buffer, text.byteOffset + start, end - start).toString('latin1');
}
