import type { FieldTable } from '../compile/field-table.ts';
import { FAILED } from '../matcher/wasm/json-layout.ts';
import { WasmJson } from '../matcher/wasm/wasm-json.ts';
import { JsonScan, type ScanOutcome } from './json-scan.ts';
import type { LogScan } from './log-scan.ts';

/** One for each table: engines of one ruleset take turns. Undefined where there is no WebAssembly. */
const FAST = new WeakMap<FieldTable, { readonly json: WasmJson | undefined }>();

const NONE = { json: undefined };

/** Walks over JSON documents with WebAssembly where that is to be had, and leaves what is unusual to `JsonScan`. */
export class JsonWalk {
  private readonly table: FieldTable;
  private readonly log: LogScan;
  private readonly scan: JsonScan;
  private fast: { readonly json: WasmJson | undefined } | undefined = undefined;
  /** As of `JsonScan`; valid until any walk with the same table. */
  leaves: Int32Array;
  leafCount = 0;
  count = 0;

  constructor(table: FieldTable, log: LogScan, fast: boolean) {
    if (!fast) this.fast = NONE;
    this.table = table;
    this.log = log;
    this.scan = new JsonScan(table);
    this.leaves = this.scan.leaves;
  }

  run(text: string, from: number, discardNull: boolean): ScanOutcome {
    this.fast ??= fastFor(this.table);
    const { json } = this.fast;
    if (json) {
      const end = json.run(text, from, discardNull);
      if (end === FAILED) return 'malformed';
      if (end >= 0) {
        this.leaves = json.leaves;
        this.leafCount = json.leafCount;
        this.count = json.count;
        return 'read';
      }
    }
    const { log, scan } = this;
    log.open(text);
    const outcome = scan.run(text, log.bytes, from, discardNull);
    this.leaves = scan.leaves;
    this.leafCount = scan.leafCount;
    this.count = scan.count;
    return outcome;
  }
}

function fastFor(table: FieldTable): { readonly json: WasmJson | undefined } {
  let fast = FAST.get(table);
  if (!fast) {
    fast = { json: createFast(table) };
    FAST.set(table, fast);
  }
  return fast;
}

function createFast(table: FieldTable): WasmJson | undefined {
  try {
    return new WasmJson(table);
  } catch {
    return undefined;
  }
}
