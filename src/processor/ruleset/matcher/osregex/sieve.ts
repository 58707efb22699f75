import { acceptsRest } from './machine.ts';
import {
  CLOSE,
  END,
  KIND,
  NEAR_END,
  NEXT_IS_CLASS,
  NEXT_IS_END,
  NEXT_IS_RUN,
  ONE,
  OPEN,
  PAREN,
  PLUS,
  type Program,
  ROW,
  ROW_BITS,
  STAR,
  STRIDE,
} from './program.ts';
import { SETS } from './sets.ts';

/** More states than this, and the sieve lets everything pass that comes so far. */
const MAX_STATES = 192;

const UNKNOWN = -1;
const PASSES = -2;

/**
 * Says of texts that no alternative of a pattern can match them, one table look-up a byte. All that the machine might do is
 * followed at once: every attempt, from every byte on, with every way to go back. What it does among that is not
 * asked, so a text that passes may still not match.
 */
export class Sieve {
  readonly #programs: readonly Program[];
  /** Of each program the first of its situations: two for each token, with `repeated` unset and set. */
  readonly #bases: readonly number[];
  /** Situations that an attempt begins with anywhere, and what a place that was remembered may be gone back with. */
  readonly #starts: readonly number[];
  readonly #failing: readonly ReadonlySet<boolean>[];
  /** Bytes that no set of the pattern tells apart are of one kind. */
  readonly #kinds = new Uint8Array(256);
  readonly #examples: readonly number[];
  /** For each state and kind of byte where the state that follows begins in this table. */
  #table: Int32Array;
  readonly #situations: (readonly number[])[] = [];
  readonly #known = new Map<string, number>();
  /** States in which the text may end. */
  readonly #ends: boolean[] = [];

  constructor(programs: readonly Program[]) {
    this.#programs = programs;
    let situations = 0;
    this.#bases = programs.map(({ code }) => {
      const base = situations;
      situations += (code.length / STRIDE) * 2;
      return base;
    });
    this.#examples = this.#tellApart();
    this.#table = new Int32Array(8 * this.#examples.length).fill(UNKNOWN);
    this.#failing = programs.map((program) => failuresOf(program, this.#examples));
    const first = programs.map((_, index) => this.#bases[index]!);
    this.#starts = programs.flatMap(({ begin }, index) =>
      begin ? [] : [...this.#failing[index]!, false].map((repeated) => this.#bases[index]! + (repeated ? 1 : 0)),
    );
    this.#stateOf(new Set([...first, ...this.#starts]));
  }

  /** False where the text, `size` bytes of which the first is at `from`, cannot match. */
  passes(bytes: Uint8Array, from: number, size: number): boolean {
    let state = 0;
    for (let place = from; ; place = walk.place) {
      state = followKnown(this.#table, this.#kinds, bytes, state, place, size);
      if (walk.place >= size) return this.#ends[state / this.#examples.length]!;
      const kind = this.#kinds[bytes[walk.place]!]!;
      let next = this.#table[state + kind]!;
      if (next === UNKNOWN) next = this.#follow(state, kind);
      if (next === PASSES) return true;
      state = next;
      walk.place++;
    }
  }

  /** Numbers the kinds of bytes; returns one byte of each. */
  #tellApart(): number[] {
    const rows = new Set<number>();
    for (const { code } of this.#programs) {
      for (let at = 0; at < code.length - STRIDE; at += STRIDE) rows.add(code[at + 1]! & ROW);
    }
    const kinds = new Map<string, number>();
    const examples: number[] = [];
    for (let byte = 0; byte < 256; byte++) {
      let key = '';
      for (const row of rows) key += SETS[row * 256 + byte];
      let kind = kinds.get(key);
      if (kind === undefined) {
        kind = examples.push(byte) - 1;
        kinds.set(key, kind);
      }
      this.#kinds[byte] = kind;
    }
    return examples;
  }

  #stateOf(situations: ReadonlySet<number>): number {
    const sorted = [...situations].sort((a, b) => a - b);
    const key = sorted.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const count = this.#situations.length;
    if (count === MAX_STATES) return PASSES;
    const state = count * this.#examples.length;
    if (state === this.#table.length) {
      const larger = new Int32Array(2 * state).fill(UNKNOWN);
      larger.set(this.#table);
      this.#table = larger;
    }
    this.#known.set(key, state);
    this.#situations.push(sorted);
    this.#ends.push(sorted.some((situation) => this.#mayEnd(situation)));
    return state;
  }

  #follow(state: number, kind: number): number {
    const next = new Set(this.#starts);
    let passes = false;
    for (const situation of this.#situations[state / this.#examples.length]!) {
      const index = this.#programOf(situation);
      const base = this.#bases[index]!;
      const steps = step(
        this.#programs[index]!,
        (situation - base) >> 1,
        ((situation - base) & 1) === 1,
        this.#examples[kind]!,
      );
      if (steps.matches) passes = true;
      for (const { token, repeated } of steps.next) next.add(base + token * 2 + (repeated ? 1 : 0));
      if (steps.saves >= 0) {
        for (const repeated of this.#failing[index]!) next.add(base + steps.saves * 2 + (repeated ? 1 : 0));
      }
    }
    const found = passes ? PASSES : this.#stateOf(next);
    this.#table[state + kind] = found;
    return found;
  }

  #programOf(situation: number): number {
    let index = this.#bases.length - 1;
    while (this.#bases[index]! > situation) index--;
    return index;
  }

  /** With or without captures, which may leave a little more of the pattern. */
  #mayEnd(situation: number): boolean {
    const index = this.#programOf(situation);
    const { code } = this.#programs[index]!;
    const place = situation - this.#bases[index]!;
    const repeated = (place & 1) === 1;
    let at = (place >> 1) * STRIDE;
    if (acceptsRest(code, at, repeated)) return true;
    while ((code[at]! & KIND) === STAR) at += STRIDE;
    return acceptsRest(code, at, repeated);
  }
}

/** Where `followKnown` stopped. */
const walk = { place: 0 };

/**
 * The last of the states known so far, and none of them lets the text pass. A function of its own, small enough for all of
 * its loop to stay in registers.
 */
function followKnown(
  table: Int32Array,
  kinds: Uint8Array,
  bytes: Uint8Array,
  from: number,
  start: number,
  size: number,
): number {
  let state = from;
  let place = start;
  for (; place < size; place++) {
    const next = table[state + kinds[bytes[place]!]!]!;
    if (next < 0) break;
    state = next;
  }
  walk.place = place;
  return state;
}

interface Steps {
  /** Whether the byte may complete a match. */
  matches: boolean;
  /** Values of `repeated` that the attempt may fail with. */
  readonly fails: boolean[];
  readonly next: { readonly token: number; readonly repeated: boolean }[];
  /** Token that may be gone back to behind this byte; -1 for none. */
  saves: number;
}

/** What `run` does with a byte, whether or not it is the end of a match that counts. */
function step({ code, end: whole }: Program, token: number, repeated: boolean, byte: number): Steps {
  const steps: Steps = { matches: false, fails: [], next: [], saves: -1 };
  for (;;) {
    let at = token * STRIDE;
    const paren = code[at]! & KIND;
    if (paren === OPEN || paren === CLOSE) {
      token++;
      at += STRIDE;
    }
    const word = code[at]!;
    const kind = word & KIND;
    if (kind === END) {
      if (whole) steps.fails.push(repeated);
      else steps.matches = true;
      return steps;
    }
    const rows = code[at + 1]!;
    const fits = SETS[(rows & ROW) * 256 + byte] === 1;
    const isRun = kind === PLUS || kind === STAR;
    if (!fits) {
      if ((isRun || kind === ONE) && repeated && (word & NEAR_END) !== 0) {
        // Whether it matches is for `end` to say, which is not followed.
        if (whole) steps.fails.push(false);
        else steps.matches = true;
      }
      if (!isRun || (kind === PLUS && !repeated)) {
        steps.fails.push(isRun || kind === ONE ? false : repeated);
        return steps;
      }
      token++;
      repeated = false;
      continue;
    }
    if (!isRun) {
      steps.next.push({ token: token + 1, repeated });
      return steps;
    }
    if (kind === STAR) repeated = true;
    const next = (rows >>> ROW_BITS) & ROW;
    if ((word & NEXT_IS_END) === 0 && repeated && SETS[next * 256 + byte] === 1) {
      const behind = token + ((word & PAREN) === 0 ? 1 : 2);
      steps.saves = token;
      steps.next.push({
        token: (word & NEXT_IS_RUN) === 0 ? behind + 1 : behind,
        repeated: (word & NEXT_IS_CLASS) !== 0,
      });
    } else {
      steps.next.push({ token, repeated: true });
    }
    return steps;
  }
}

/** Values of `repeated` that attempts may fail with, all that may lead there considered. */
function failuresOf(program: Program, examples: readonly number[]): ReadonlySet<boolean> {
  const failing = new Set<boolean>();
  const saving = new Set<number>();
  const seen = new Set<number>();
  const open: number[] = [0];
  const visit = (token: number, repeated: boolean) => {
    const number = token * 2 + (repeated ? 1 : 0);
    if (seen.has(number)) return;
    seen.add(number);
    open.push(number);
  };
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    for (const byte of examples) {
      const steps = step(program, number >> 1, (number & 1) === 1, byte);
      for (const { token, repeated } of steps.next) visit(token, repeated);
      for (const repeated of steps.fails) failing.add(repeated);
      if (steps.saves >= 0) saving.add(steps.saves);
    }
    for (const repeated of failing) {
      if (!program.begin) visit(0, repeated);
      for (const token of saving) visit(token, repeated);
    }
  }
  return failing;
}
