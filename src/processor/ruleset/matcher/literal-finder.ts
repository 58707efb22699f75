import { bytesOf } from './byte-view.ts';
import { rarityAmong } from './literal-windows.ts';
import { ScanFinder } from './scan-finder.ts';
import { WasmFinder } from './wasm/wasm-finder.ts';

export { MIN_LITERAL } from './literal-windows.ts';

/** With fewer literals a memory of its own is too much. */
const MANY = 64;

/**
 * Finds which of many literals occur in a text, in one pass and without regard to ASCII case. Where Node has WebAssembly
 * the pass is code for the processor; without it, and for longer texts, the same is done in JavaScript.
 *
 * One search at a time; what was found is marked in a table of the caller.
 */
export class LiteralFinder {
  /** Literal to its number. */
  readonly ids: ReadonlyMap<string, number>;
  readonly #fast: WasmFinder | undefined;
  #slow: ScanFinder | undefined = undefined;

  /** @param literals distinct, in ASCII lower case, of at least MIN_LITERAL bytes */
  constructor(literals: readonly string[], many = MANY) {
    this.ids = new Map(literals.map((literal, id) => [literal, id]));
    this.#fast = literals.length >= many ? createFast(literals) : undefined;
  }

  get isFast(): boolean {
    return this.#fast !== undefined;
  }

  /**
   * Sets `found[id] = mark` for every literal that occurs in the text and puts its number into `list`; returns how many
   * there are.
   */
  find(text: string, found: Uint32Array, mark: number, list: Uint32Array): number {
    if (this.#fast && text.length <= WasmFinder.capacity) return this.#fast.find(text, found, mark, list);
    this.#slow ??= createSlow([...this.ids.keys()]);
    return this.#slow.find(bytesOf(text), text.length, found, mark, list);
  }
}

function createSlow(literals: readonly string[]): ScanFinder {
  return new ScanFinder(literals, rarityAmong(literals));
}

function createFast(literals: readonly string[]): WasmFinder | undefined {
  try {
    return new WasmFinder(literals, rarityAmong(literals));
  } catch {
    // Node without WebAssembly, a processor without vectors, no memory to be had.
    return undefined;
  }
}
