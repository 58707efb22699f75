import { isAnchored } from './anchored.ts';
import { type Node, sequence } from './ast.ts';
import type { ByteSet } from './byte-set.ts';
import { costExponent } from './cost.ts';
import { emitNative } from './native.ts';

/** Sets with more members than this stop hardly any text. */
const BROAD = 128;
/** Fewer items than this stand in most logs. */
const MIN_ITEMS = 3;

/**
 * What a pattern begins with, as far as a native expression finds that in linear time: a quick look before a costly match.
 * Patterns that begin alike share one, which remembers what it said about the last text: one log is asked for all of them.
 */
export class Head {
  readonly #expression: RegExp;
  #text: string | undefined = undefined;
  #from = 0;
  #occurs = false;

  constructor(source: string) {
    this.#expression = new RegExp(source);
  }

  /** Without it in the text from byte `from` on, none of its patterns matches there. */
  occursIn(text: string, from: number): boolean {
    if (text !== this.#text || from !== this.#from) {
      this.#occurs = this.#expression.test(from === 0 ? text : text.slice(from));
      this.#text = text;
      this.#from = from;
    }
    return this.#occurs;
  }
}

const heads = new Map<string, Head>();
/** Rulesets are loaded again and again in one process. */
const MAX_HEADS = 4096;

/** Undefined where the pattern begins with nothing of that kind. */
export function headOf(root: Node, ascii: boolean): Head | undefined {
  if (root.kind !== 'sequence' || isAnchored(root)) return undefined;
  const end = root.items.findIndex((item) => !isNarrow(item));
  const items = end < 0 ? root.items : root.items.slice(0, end);
  if (items.length < MIN_ITEMS) return undefined;
  const head = sequence(items);
  if (costExponent(head) > 2) return undefined;
  const source = emitNative(head, { captures: false, folded: false, ascii });
  if (source === undefined) return undefined;
  let known = heads.get(source);
  if (!known) {
    known = new Head(source);
    if (heads.size >= MAX_HEADS) heads.clear();
    heads.set(source, known);
  }
  return known;
}

function isNarrow(item: Node): boolean {
  if (item.kind === 'set') return members(item.bytes) <= BROAD;
  return item.kind === 'repeat' && item.child.kind === 'set' && members(item.child.bytes) <= BROAD;
}

function members(set: ByteSet): number {
  return set.reduce((sum, inside) => sum + inside, 0);
}
