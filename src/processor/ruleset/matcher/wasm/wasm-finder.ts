import { MIN_LITERAL, type WindowRarity } from '../literal-windows.ts';
import { type WasmApi, type WasmModule, wasmApi } from './api.ts';
import { entriesOf, packEntries } from './entries.ts';
import {
  assembleFind,
  CAPACITY,
  classBit,
  ENTRY,
  FILTER,
  type Find,
  filterBytes,
  hashWindow,
  headBits,
  TEXT,
} from './find-code.ts';

const PAGE = 65536;
/** Bits of the hash: about four values for each window. */
const SPARSE = 2;
const MIN_BITS = 10;
const MAX_BITS = 17;
const MAX_MARK = 0x3fffffff;
/** Numbers and lengths of literals take two bytes less a bit. */
const MAX_SIZE = 0x7fff;

/** Finds literals by code for the processor itself. Its memory holds the text of one search at a time. */
export class WasmFinder {
  private readonly text: Buffer;
  private readonly found: Uint32Array;
  private readonly marks: Uint32Array;
  private readonly run: Find;
  private readonly places: Places;
  private mark = 0;

  /** @throws where WebAssembly or the memory for it is not to be had, or literals are too many or too long for it */
  constructor(literals: readonly string[], rarity: WindowRarity) {
    if (literals.length > MAX_SIZE || literals.some(({ length }) => length > MAX_SIZE)) {
      throw new RangeError('too many literals, or too long ones');
    }
    const entries = literals.flatMap((literal, id) => entriesOf(literal, id, rarity));
    const hashBits = Math.min(MAX_BITS, Math.max(MIN_BITS, Math.ceil(Math.log2(entries.length + 1)) + SPARSE));
    const bytes = Buffer.from(literals.join(''), 'latin1');
    const places = placesFor(hashBits, entries.length, literals.length);
    const api = wasmApi();
    const pages = Math.ceil((places.bytes + bytes.length) / PAGE);
    const memory = new api.Memory({ initial: pages, maximum: pages });
    const { buffer } = memory;
    const { heads, table } = packEntries(entries, hashBits, places.entries);
    new Uint32Array(buffer, places.heads).set(heads);
    Buffer.from(buffer).set(table, places.entries);
    Buffer.from(buffer).set(bytes, places.bytes);
    const filter = new Uint8Array(buffer, FILTER, filterBytes(hashBits));
    for (const { window } of entries) filter[hashWindow(window, hashBits)]! |= classBit(window >>> 24);
    const starts = new Uint32Array(buffer, places.starts, literals.length);
    let start = places.bytes;
    for (const [id, { length }] of literals.entries()) {
      starts[id] = start;
      start += length;
    }
    this.text = Buffer.from(buffer, TEXT, CAPACITY);
    this.found = new Uint32Array(buffer, places.out, literals.length);
    this.marks = new Uint32Array(buffer, places.marks, literals.length);
    this.places = places;
    this.run = new api.Instance(moduleOf(api, hashBits), { env: { memory } }).exports.find as Find;
  }

  /** Longest text that it takes. */
  static readonly capacity = CAPACITY;

  /** As `LiteralFinder`. */
  find(text: string, found: Uint32Array, mark: number, list: Uint32Array): number {
    const { length } = text;
    if (length < MIN_LITERAL) return 0;
    this.text.write(text, 0, 'latin1');
    if (this.mark === MAX_MARK) {
      this.marks.fill(0);
      this.mark = 0;
    }
    const { heads, marks, starts, out } = this.places;
    const count = (this.run(length, ++this.mark, heads, marks, starts, out) - out) >>> 2;
    const own = this.found;
    for (let index = 0; index < count; index++) {
      const id = own[index]!;
      found[id] = mark;
      list[index] = id;
    }
    return count;
  }
}

/** Where what lies in the memory, four bytes each but for entries and bytes. */
interface Places {
  readonly heads: number;
  readonly entries: number;
  readonly marks: number;
  readonly starts: number;
  readonly out: number;
  readonly bytes: number;
}

function placesFor(hashBits: number, entryCount: number, literals: number): Places {
  const heads = FILTER + filterBytes(hashBits);
  const entries = heads + 4 * 2 ** headBits(hashBits);
  const marks = entries + (entryCount + 1) * ENTRY;
  const starts = marks + literals * 4;
  const out = starts + literals * 4;
  return { heads, entries, marks, starts, out, bytes: out + literals * 4 };
}

const modules = new Map<number, WasmModule>();

function moduleOf(api: WasmApi, hashBits: number): WasmModule {
  let module = modules.get(hashBits);
  if (!module) {
    module = new api.Module(assembleFind(hashBits));
    modules.set(hashBits, module);
  }
  return module;
}
