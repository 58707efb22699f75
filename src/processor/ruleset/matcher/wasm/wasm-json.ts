import { HASH_START } from '../hash.ts';
import { type WasmModule, wasmApi } from './api.ts';
import { assembleJson } from './json-code.ts';
import {
  CAPACITY,
  COUNT,
  ESCAPES,
  LEAF_COUNT,
  LEAVES,
  MAX_LEAVES,
  PATHS,
  type ReadJson,
  TABLE,
  TABLE_MASK,
  TEXT,
  UNUSUAL,
} from './json-layout.ts';

const PAGE = 65536;

/** The paths that are looked for, with the table of their hashes. */
export interface KnownPaths {
  readonly paths: readonly string[];
  readonly hashes: Int32Array;
  readonly entries: Int32Array;
}

/** Walks over JSON by code for the processor itself; what it finds is valid until the next walk. */
export class WasmJson {
  /** As those of `JsonScan`. */
  readonly leaves: Int32Array;
  private readonly words: Int32Array;
  private readonly text: Buffer;
  private readonly read: ReadJson;

  /** @throws where WebAssembly or the memory for it is not to be had */
  constructor({ paths, hashes, entries }: KnownPaths) {
    const records = TABLE + hashes.length * 8;
    const bytes = records + paths.length * 8;
    const size = paths.reduce((sum, path) => sum + path.length + 1, bytes);
    const api = wasmApi();
    const pages = Math.ceil(size / PAGE);
    const memory = new api.Memory({ initial: pages, maximum: pages });
    const { buffer } = memory;
    const all = Buffer.from(buffer);
    this.words = new Int32Array(buffer);
    this.leaves = new Int32Array(buffer, LEAVES, MAX_LEAVES * 5);
    this.text = Buffer.from(buffer, TEXT, CAPACITY);
    this.words[TABLE_MASK >>> 2] = hashes.length - 1;
    this.words[PATHS >>> 2] = records;
    for (const letter of 'bfnrt"\\/') all[ESCAPES + letter.charCodeAt(0)] = 1;
    for (const [slot, hash] of hashes.entries()) {
      all.writeInt32LE(hash, TABLE + slot * 8);
      all.writeInt32LE(entries[slot]!, TABLE + slot * 8 + 4);
    }
    let start = bytes;
    for (const [number, path] of paths.entries()) {
      all.writeInt32LE(start, records + number * 8);
      all.writeInt32LE(start + path.length, records + number * 8 + 4);
      all.write(path, start, 'latin1');
      // A zero byte behind it is like no byte of a name.
      start += path.length + 1;
    }
    module ??= new api.Module(assembleJson());
    this.read = new api.Instance(module, { env: { memory } }).exports.read as ReadJson;
  }

  get leafCount(): number {
    return this.words[LEAF_COUNT >>> 2]!;
  }

  /** Values in all. */
  get count(): number {
    return this.words[COUNT >>> 2]!;
  }

  /** Negative: `FAILED`, or `UNUSUAL`, where others have to look. */
  run(text: string, from: number, skipNull: boolean): number {
    if (text.length > CAPACITY) return UNUSUAL;
    this.text.write(text, 0, 'latin1');
    return this.read(from, text.length, skipNull ? 1 : 0, HASH_START);
  }
}

let module: WasmModule | undefined;
