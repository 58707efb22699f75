import type { FieldTable } from '../compile/field-table.ts';
import type { LazyFields } from './dynamic-fields.ts';
import { Event } from './event.ts';
import { readJson } from './json-reader.ts';
import { BEFORE, END, EXACT, LEAF, START } from './json-scan.ts';
import { JsonWalk } from './json-walk.ts';
import type { LogScan } from './log-scan.ts';
import { decodeJson, type JsonOptions, STATIC_PATHS, valueText } from './plugins/json.ts';

/** Paths that fill static slots, for the table. */
export const JSON_STATIC_PATHS: readonly string[] = [...STATIC_PATHS.keys(), 'user'];

const BACKSLASH = '\\';

/**
 * JSON_Decoder for rules that look at a few fields of a large document: notes where those lie and makes nothing of the
 * others until somebody lists them.
 */
export class JsonDecoder {
  private readonly table: FieldTable;
  private readonly walk: JsonWalk;
  private readonly places: LeafPlaces;

  /** @param fast false: without WebAssembly */
  constructor(table: FieldTable, log: LogScan, fast = true) {
    this.table = table;
    this.walk = new JsonWalk(table, log, fast);
    this.places = new LeafPlaces(table.paths.length);
  }

  /** Decodes the log from byte `from` on; false where it is left to `decodeJson`. */
  decode(event: Event, from: number, options: JsonOptions): boolean {
    if (options.arrays === 'csv') return false;
    const { walk } = this;
    const text = event.log;
    const outcome = walk.run(text, from, options.nullField === 'discard');
    if (outcome !== 'read') return outcome === 'malformed';
    const room = options.maxFields - event.dynamicCount;
    const hadUser = event.static('dstuser') !== undefined;
    const { leaves, leafCount } = walk;
    const kept: KeptLeaves = new Array(leafCount * KEPT).fill(0);
    let length = 0;
    let statics = 0;
    for (let index = 0; index < leafCount; index++) {
      const leaf = index * LEAF;
      const path = this.table.paths[leaves[leaf]!]!;
      const slot = leaves[leaf + EXACT] === 1 ? staticOf(path, event) : undefined;
      if (slot) {
        event.setStatic(slot, readLeaf(text, leaves[leaf + START]!, leaves[leaf + END]!));
        statics++;
      } else if (leaves[leaf + BEFORE]! - statics < room) {
        kept[length++] = leaves[leaf]!;
        kept[length++] = leaves[leaf + START]!;
        kept[length++] = leaves[leaf + END]!;
      }
    }
    if (length < kept.length) kept.length = length;
    const count = Math.min(walk.count - statics, room);
    if (count > 0) {
      event.addLazily(new JsonFields(this.table, this.places, text, from, kept, count, options, room, hadUser));
    }
    return true;
  }
}

/** Of each: the path's number in the table, then start and end; once it was read its text stands in place of the start. */
type KeptLeaves = (number | string)[];
const KEPT = 3;

/** Where the kept leaves of the document that was asked last stand in its list: one look instead of a search. */
class LeafPlaces {
  private owner: JsonFields | undefined = undefined;
  private serial = 0;
  private readonly serials: Uint32Array;
  private readonly positions: Uint32Array;

  constructor(paths: number) {
    this.serials = new Uint32Array(paths);
    this.positions = new Uint32Array(paths);
  }

  /** Position of the first leaf of that path, or -1. */
  find(owner: JsonFields, leaves: KeptLeaves, number: number): number {
    if (owner !== this.owner) this.open(owner, leaves);
    return this.serials[number] === this.serial ? this.positions[number]! : -1;
  }

  private open(owner: JsonFields, leaves: KeptLeaves): void {
    this.owner = owner;
    if (++this.serial === 0xffffffff) {
      this.serials.fill(0);
      this.serial = 1;
    }
    for (let position = leaves.length - KEPT; position >= 0; position -= KEPT) {
      const number = leaves[position] as number;
      this.serials[number] = this.serial;
      this.positions[number] = position;
    }
  }
}

function staticOf(path: string, event: Event) {
  if (path !== 'user') return STATIC_PATHS.get(path);
  return event.static('dstuser') === undefined ? 'dstuser' : undefined;
}

class JsonFields implements LazyFields {
  readonly count: number;
  private readonly table: FieldTable;
  private readonly places: LeafPlaces;
  private readonly text: string;
  private readonly from: number;
  private readonly leaves: KeptLeaves;
  private readonly options: JsonOptions;
  private readonly room: number;
  private readonly hadUser: boolean;

  constructor(
    table: FieldTable,
    places: LeafPlaces,
    text: string,
    from: number,
    leaves: KeptLeaves,
    count: number,
    options: JsonOptions,
    room: number,
    hadUser: boolean,
  ) {
    this.table = table;
    this.places = places;
    this.text = text;
    this.from = from;
    this.leaves = leaves;
    this.count = count;
    this.options = options;
    this.room = room;
    this.hadUser = hadUser;
  }

  get(key: string): string | undefined | null {
    const number = this.table.numbers.get(key);
    if (number === undefined) return null;
    const { leaves } = this;
    const position = this.places.find(this, leaves, number);
    if (position < 0) return undefined;
    const start = leaves[position + 1]!;
    if (typeof start === 'string') return start;
    const value = readLeaf(this.text, start, leaves[position + 2] as number);
    leaves[position + 1] = value;
    return value;
  }

  list(into: (name: string, value: string) => void): void {
    const all = new Event(0, '', '');
    // Decides whether "user" is a field.
    if (this.hadUser) all.setStatic('dstuser', '');
    decodeJson(all, this.text.slice(this.from), { ...this.options, maxFields: this.room });
    for (const [index, name] of all.dynamicNames.entries()) into(name, all.dynamicValues[index]!);
  }
}

function readLeaf(text: string, start: number, end: number): string {
  if (text.charCodeAt(start) === 34) {
    const plain = text.slice(start + 1, end - 1);
    if (!plain.includes(BACKSLASH) && !plain.includes('\0')) return plain;
  } else if (isShortWhole(text, start, end)) return text.slice(start, end);
  const node = readJson(text.slice(start, end));
  return (node && valueText(node, 'array')) ?? '';
}

/** Digits that are written as they would be printed. */
function isShortWhole(text: string, start: number, end: number): boolean {
  if (end - start > 9 || (text.charCodeAt(start) === 48 && end - start > 1)) return false;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return true;
}
