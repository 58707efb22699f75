import type { FieldTable } from '../compile/field-table.ts';
import { Event, type LazyFields } from './event.ts';
import { readJson } from './json-reader.ts';
import { type JsonLeaf, JsonScan } from './json-scan.ts';
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
  private readonly scan: JsonScan;
  private readonly log: LogScan;

  constructor(table: FieldTable, log: LogScan) {
    this.table = table;
    this.scan = new JsonScan(table);
    this.log = log;
  }

  /** Decodes the log from byte `from` on; false where it is left to `decodeJson`. */
  decode(event: Event, from: number, options: JsonOptions): boolean {
    if (options.arrays === 'csv') return false;
    const { scan, log } = this;
    const text = event.log;
    log.open(text);
    const outcome = scan.run(text, log.bytes, from, options.nullField === 'discard');
    if (outcome !== 'read') return outcome === 'malformed';
    const room = options.maxFields - event.dynamicCount;
    const hadUser = event.static('dstuser') !== undefined;
    const kept: JsonLeaf[] = [];
    let statics = 0;
    for (const leaf of scan.leaves) {
      const path = this.table.paths[leaf.number]!;
      const slot = leaf.exact ? staticOf(path, event) : undefined;
      if (slot) {
        event.setStatic(slot, readLeaf(text, leaf));
        statics++;
      } else if (leaf.before - statics < room) kept.push(leaf);
    }
    const count = Math.min(scan.count - statics, room);
    if (count > 0)
      event.addLazily(new JsonFields(this.table, text, from, kept, count, { ...options, maxFields: room }, hadUser));
    return true;
  }
}

function staticOf(path: string, event: Event) {
  if (path !== 'user') return STATIC_PATHS.get(path);
  return event.static('dstuser') === undefined ? 'dstuser' : undefined;
}

class JsonFields implements LazyFields {
  readonly count: number;
  private readonly table: FieldTable;
  private readonly text: string;
  private readonly from: number;
  private readonly leaves: readonly JsonLeaf[];
  private readonly options: JsonOptions;
  private readonly hadUser: boolean;
  private readonly values: (string | undefined)[] = [];

  constructor(
    table: FieldTable,
    text: string,
    from: number,
    leaves: readonly JsonLeaf[],
    count: number,
    options: JsonOptions,
    hadUser: boolean,
  ) {
    this.table = table;
    this.text = text;
    this.from = from;
    this.leaves = leaves;
    this.count = count;
    this.options = options;
    this.hadUser = hadUser;
  }

  knows(key: string): boolean {
    return this.table.numbers.has(key);
  }

  get(key: string): string | undefined {
    const number = this.table.numbers.get(key);
    const { leaves, values } = this;
    for (let index = 0; index < leaves.length; index++) {
      if (leaves[index]!.number !== number) continue;
      values[index] ??= readLeaf(this.text, leaves[index]!);
      return values[index];
    }
    return undefined;
  }

  list(into: (name: string, value: string) => void): void {
    const all = new Event(0, '', '');
    // Decides whether "user" is a field.
    if (this.hadUser) all.setStatic('dstuser', '');
    decodeJson(all, this.text.slice(this.from), this.options);
    for (const [index, name] of all.dynamicNames.entries()) into(name, all.dynamicValues[index]!);
  }
}

function readLeaf(text: string, { start, end }: JsonLeaf): string {
  if (text.charCodeAt(start) === 34) {
    const plain = text.slice(start + 1, end - 1);
    if (!plain.includes(BACKSLASH) && !plain.includes('\0')) return plain;
  }
  const node = readJson(text.slice(start, end));
  return (node && valueText(node, 'array')) ?? '';
}
