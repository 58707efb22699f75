import { bestWindow, MIN_LITERAL, type WindowRarity } from '../literal-windows.ts';
import { type WasmApi, type WasmModule, wasmApi } from './api.ts';
import {
  assembleFind,
  CAPACITY,
  CLASSES,
  classBit,
  ENTRY,
  FILTER,
  type Find,
  filterBytes,
  hashWindow,
  headBits,
  headOf,
  RECORD,
  TEXT,
} from './find-code.ts';

const PAGE = 65536;
/** Bits of the hash: about four values for each window. */
const SPARSE = 2;
const MIN_BITS = 10;
const MAX_BITS = 17;
const MAX_MARK = 0x3fffffff;

interface Entry {
  readonly window: number;
  readonly mask: number;
  readonly offset: number;
  readonly id: number;
}

/** Finds literals by code for the processor itself. Its memory holds the text of one search at a time. */
export class WasmFinder {
  private readonly text: Buffer;
  private readonly found: Uint32Array;
  private readonly run: Find;
  private readonly heads: number;
  private readonly out: number;
  private readonly records: Uint32Array;
  private mark = 0;

  /** @throws where WebAssembly or the memory for it is not to be had */
  constructor(literals: readonly string[], rarity: WindowRarity) {
    const entries = literals.flatMap((literal, id) => entriesOf(literal, id, rarity));
    const hashBits = Math.min(MAX_BITS, Math.max(MIN_BITS, Math.ceil(Math.log2(entries.length + 1)) + SPARSE));
    const bytes = literals.join('');
    this.heads = FILTER + filterBytes(hashBits);
    const table = this.heads + 4 * ((1 << headBits(hashBits)) + 1);
    const records = table + entries.length * ENTRY;
    this.out = records + literals.length * RECORD;
    const start = this.out + literals.length * 4;
    const pages = Math.ceil((start + bytes.length + 16) / PAGE);
    const api = wasmApi();
    const memory = new api.Memory({ initial: pages, maximum: pages });
    const { buffer } = memory;
    this.text = Buffer.from(buffer, TEXT, CAPACITY);
    this.found = new Uint32Array(buffer, this.out, literals.length);
    this.records = new Uint32Array(buffer, records, literals.length * (RECORD / 4));
    Buffer.from(buffer).write(bytes, start, 'latin1');
    let address = start;
    for (const [id, literal] of literals.entries()) {
      this.records.set([address, literal.length, 0, id], id * (RECORD / 4));
      address += literal.length;
    }
    const bySlot = entries.toSorted((one, other) => headOf(one.window, hashBits) - headOf(other.window, hashBits));
    const fields = new Int32Array(buffer, table, entries.length * (ENTRY / 4));
    const filter = new Uint8Array(buffer, FILTER, filterBytes(hashBits));
    const heads = new Uint32Array(buffer, this.heads, (1 << headBits(hashBits)) + 1);
    for (const [index, entry] of bySlot.entries()) {
      fields.set([entry.window, entry.mask, entry.offset, records + entry.id * RECORD], index * (ENTRY / 4));
      filter[hashWindow(entry.window, hashBits)]! |= classBit(entry.window >>> 24);
      heads[headOf(entry.window, hashBits) + 1] = index + 1;
    }
    let end = 0;
    for (let slot = 0; slot < heads.length; slot++) {
      end = Math.max(end, heads[slot]!);
      heads[slot] = table + end * ENTRY;
    }
    const instance = new api.Instance(moduleOf(api, hashBits), { env: { memory } });
    this.run = instance.exports.find as Find;
  }

  /** Longest text that it takes. */
  static readonly capacity = CAPACITY;

  /** As `LiteralFinder`. */
  find(text: string, found: Uint32Array, mark: number, list: Uint32Array): number {
    const { length } = text;
    if (length < MIN_LITERAL) return 0;
    this.text.write(text, 0, 'latin1');
    if (this.mark === MAX_MARK) this.forgetMarks();
    const count = (this.run(length, ++this.mark, this.heads, this.out) - this.out) >>> 2;
    const own = this.found;
    for (let index = 0; index < count; index++) {
      const id = own[index]!;
      found[id] = mark;
      list[index] = id;
    }
    return count;
  }

  private forgetMarks(): void {
    for (let at = 2; at < this.records.length; at += RECORD / 4) this.records[at] = 0;
    this.mark = 0;
  }
}

/** One window for the literal at an even place and one for it at an odd one, since only every second place is looked at. */
function entriesOf(literal: string, id: number, rarity: WindowRarity): Entry[] {
  return [0, 1].flatMap((parity) => {
    const offset = bestWindow(literal, rarity, parity, 2);
    if (offset >= 0) return { window: windowAt(literal, offset), mask: -1, offset, id };
    // Four bytes have a single window: at odd places the last three are looked for, whatever follows them.
    return Array.from({ length: CLASSES }, (_, other) => ({
      window: windowAt(literal + String.fromCharCode(other), 1),
      mask: 0xffffff,
      offset: 1,
      id,
    }));
  });
}

function windowAt(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
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
