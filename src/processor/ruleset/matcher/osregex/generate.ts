import { emitTest, type Tables } from './emit-test.ts';
import { acceptsRest, LIMIT, MAX_STEPS, NO_MATCH } from './machine.ts';
import { CLOSE, ONE, OPEN, type Program, STAR } from './program.ts';

/**
 * `run` for one program, as code of its own: what the pattern decides is decided while it is written. `lower` is the text in
 * ASCII lower case where the program folds; `places` is set to -1 and then filled as `run` does. Texts begin before their end.
 */
export type GeneratedRun = (
  text: string,
  bytes: Uint8Array,
  from: number,
  lower: string,
  places: Int32Array | undefined,
) => number;

export interface GenerateOptions {
  /** Whether `places` is given. */
  readonly captures: boolean;
  /** Whether the pattern has captures in any alternative. */
  readonly captureMode: boolean;
}

/** More tokens than this are left to the interpreter. */
const MAX_TOKENS = 300;

const savedStates = new Int32Array(4);
const savedPlaces = new Int32Array(4);

/**
 * Writes and compiles the code, undefined where the pattern is not of the common kind or code may not be made. The only parts
 * of a pattern that get into the code are numbers.
 */
export function generateRun(program: Program, options: GenerateOptions): GeneratedRun | undefined {
  const { length, kinds, slots, prefix, filter } = program;
  if (length === 0 || length > MAX_TOKENS) return undefined;
  for (let token = 1; token < length; token++) {
    // The second of two parentheses in a row is a literal.
    if (kinds[token]! >= OPEN && kinds[token - 1]! >= OPEN) return undefined;
  }
  const tables: Tables = [];
  const code = new Writer(program, options, tables).write();
  const atEnd = (
    token: number,
    repeated: boolean,
    end: number,
    size: number,
    places: Int32Array | undefined,
  ): number => {
    if (end === NO_MATCH) return NO_MATCH;
    if (options.captureMode) {
      while (token < length && kinds[token] === STAR) token++;
      if (places && token < length && kinds[token]! >= OPEN) places[slots[token]!] = size;
    }
    return acceptsRest(program, token, repeated) ? end : NO_MATCH;
  };
  const passes = (lower: string, from: number): boolean => filter.passes(lower, from);
  try {
    const make = new Function('atEnd', 'passes', 'prefix', 'savedStates', 'savedPlaces', 'tables', code);
    return make(atEnd, passes, prefix, savedStates, savedPlaces, tables) as GeneratedRun;
  } catch (error) {
    // Node can be told to make no code from texts.
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

/** A token to match next, and whether the class before it has matched: what `run` keeps in `token` and `repeated`. */
interface State {
  readonly token: number;
  readonly repeated: boolean;
}

class Writer {
  private readonly program: Program;
  private readonly options: GenerateOptions;
  private readonly tables: Tables;
  private readonly lines: string[] = [];
  private readonly written = new Set<number>();
  private readonly open: number[] = [];
  /** Tokens that are gone back to, and values of `repeated` that an attempt may end with. */
  private readonly saving = new Set<number>();
  private readonly failing = new Set<boolean>();

  constructor(program: Program, options: GenerateOptions, tables: Tables) {
    this.program = program;
    this.options = options;
    this.tables = tables;
  }

  write(): string {
    const { begin, prefix, folds, parens, filter } = this.program;
    this.require({ token: 0, repeated: false });
    this.writeStates();
    const states = this.lines.join('\n');
    const jump = !begin && prefix !== '';
    const unset = Array.from({ length: this.options.captures ? parens : 0 }, (_, slot) => `places[${slot}] = -1;`);
    const enter = jump
      ? `place = lower.indexOf(prefix, from); if (place < 0) return ${NO_MATCH};`
      : prefix !== ''
        ? `if (!(${this.test(0, 'bytes[from]')})) return ${NO_MATCH};`
        : '';
    const filtered =
      folds && !filter.isEmpty ? `if (!passes(lower, place + ${prefix.length})) return ${NO_MATCH};` : '';
    const failure = this.writeFailure(jump);
    // Last, since all of the code may want tables.
    const tables = this.tables.map((_, index) => `const table${index} = tables[${index}];`).join('\n');
    return `'use strict';
${tables}
return (text, bytes, from, lower, places) => {
const size = text.length;
let place = from, end = from, restart = -1, saved = 0, steps = 0, mark = from, byte = 0, state = 0, repeated = 0;
${unset.join(' ')}
${enter}
${filtered}
for (;;) {
attempt: {
run: for (;;) switch (state) {
${states}
default: return ${NO_MATCH};
}
}
${failure}
}
};`;
  }

  /** What comes behind a failed attempt: as at the end of the loop of `run`. */
  private writeFailure(jump: boolean): string {
    const lines: string[] = [];
    if (this.saving.size > 0) {
      lines.push(
        `if (saved > 0) {
saved--;
state = savedStates[saved] * 2 + repeated;
steps += place - mark + 1;
if (steps > ${MAX_STEPS}) return ${LIMIT};
place = end = savedPlaces[saved];
mark = ++place;
continue;
}`,
      );
    }
    if (this.program.begin) return [...lines, `return ${NO_MATCH};`].join('\n');
    lines.push(`steps += place - mark + 1; if (steps > ${MAX_STEPS}) return ${LIMIT};`);
    lines.push(`if (restart >= 0) { place = restart; restart = -1; } end = ${NO_MATCH};`);
    if (jump) lines.push(`place = lower.indexOf(prefix, place + 1); if (place < 0) return ${NO_MATCH};`);
    else {
      lines.push('place++;');
      const { first } = this.program;
      if (first) {
        const fits = emitTest(first, 'bytes[place]', this.tables);
        lines.push(`if (repeated === 0) while (place < size && !(${fits})) place++;`);
      }
    }
    lines.push('mark = place; state = repeated;');
    return lines.join('\n');
  }

  private writeStates(): void {
    for (;;) {
      for (let number = this.open.pop(); number !== undefined; number = this.open.pop()) this.writeFrom(number);
      // Failures lead to states of their own; most exist by now.
      for (const repeated of this.failing) {
        if (!this.program.begin) this.require({ token: 0, repeated });
        for (const token of this.saving) this.require({ token, repeated });
      }
      if (this.open.length === 0) return;
    }
  }

  /** Writes a state and those that it goes on with, as long as they are new. */
  private writeFrom(number: number): void {
    let next: State | undefined = { token: number >> 1, repeated: (number & 1) === 1 };
    while (next) {
      const state: number = numberOf(next);
      if (this.written.has(state)) {
        this.lines.push(this.go(next));
        return;
      }
      this.written.add(state);
      this.lines.push(`case ${state}:`);
      next = this.writeState(next);
    }
  }

  /** Returns the state that the code goes on with where it does not jump. */
  private writeState(state: State): State | undefined {
    const { length, kinds, slots, end: whole } = this.program;
    let { token } = state;
    let checked = false;
    const atEnd = `if (place >= size) return atEnd(${token}, ${state.repeated}, end, size, places);`;
    if (token < length && kinds[token]! >= OPEN) {
      this.lines.push(atEnd);
      if (this.options.captures) this.lines.push(`places[${slots[token]}] = place;`);
      checked = true;
      token++;
    }
    if (token >= length) {
      if (!checked) this.lines.push(atEnd);
      this.lines.push(whole ? this.fail(state.repeated) : 'return end;');
      return undefined;
    }
    this.lines.push('byte = bytes[place];');
    // Behind the text lies a zero byte.
    if (!checked && this.program.accepts[token]![0] === 1) {
      this.lines.push(atEnd);
      checked = true;
    }
    const late = checked ? '' : atEnd;
    return this.isRun(token) ? this.writeRun(token, state.repeated, late) : this.writeOne(token, state.repeated, late);
  }

  /** A literal or a class without quantifier. */
  private writeOne(token: number, repeated: boolean, late: string): State {
    const { begin, classes, nearEnd, end: whole } = this.program;
    const isClass = classes[token] === 1;
    let refuse = late;
    if (isClass && nearEnd[token] === 1 && repeated && !whole) {
      refuse += ` if (end !== ${NO_MATCH}) return place;`;
    }
    this.lines.push(
      `if (!(${this.test(token, 'byte')})) { ${refuse} ${this.fail(isClass ? false : repeated)} }`,
      begin ? 'end = place;' : 'if (restart < 0) restart = place; end = place;',
      'place++;',
    );
    return { token: token + 1, repeated };
  }

  /** A class that repeats. */
  private writeRun(token: number, repeated: boolean, late: string): State | undefined {
    const refused = this.refuseRun(token, repeated);
    const goesOn: State = { token, repeated: true };
    if (repeated) {
      this.lines.push(`if (${this.test(token, 'byte')}) {`, ...this.takeRun(token, true), this.go(goesOn), '}', late);
      this.lines.push(...refused.lines);
      return refused.next;
    }
    const give = refused.next ? this.go(refused.next) : '';
    this.lines.push(`if (!(${this.test(token, 'byte')})) { ${late} ${refused.lines.join(' ')} ${give} }`);
    this.lines.push(...this.takeRun(token, false));
    return goesOn;
  }

  private takeRun(token: number, before: boolean): string[] {
    const { length, kinds, classes, slots, stays, accepts } = this.program;
    const { captures } = this.options;
    const repeated = before || kinds[token] === STAR;
    const next = this.program.next[token]!;
    const paren = next > token + 1;
    if (next >= length) {
      const close = paren && captures ? `places[${slots[next - 1]}] = place + 1;` : '';
      return [repeated ? '' : 'end = place;', this.skip(accepts[token]!), close, 'place++;'];
    }
    const lines: string[] = [];
    if (repeated && accepts[token]!.some((inside, byte) => inside === 1 && accepts[next]![byte] === 1)) {
      const isClass = classes[next] === 1;
      const target: State = { token: isClass && kinds[next] !== ONE ? next : next + 1, repeated: isClass };
      const close = paren && captures ? `places[${slots[next - 1]}] = place;` : '';
      this.saving.add(token);
      lines.push(
        `if (${this.test(next, 'byte')}) { ${close}`,
        `if (saved < 4) { savedStates[saved] = ${token}; savedPlaces[saved++] = place; }`,
        `end = place; place++; ${this.go(target)} }`,
      );
    }
    if (!repeated && paren && captures && kinds[token + 1] === CLOSE) {
      lines.push(`places[${slots[token + 1]}] = place + 1;`);
    }
    lines.push(this.skip(stays[token]!), 'end = place; place++;');
    return lines;
  }

  private refuseRun(token: number, repeated: boolean): { lines: string[]; next: State | undefined } {
    const { kinds, nearEnd, end: whole } = this.program;
    const star = kinds[token] === STAR;
    const lines: string[] = [];
    if (nearEnd[token] === 1 && repeated) {
      lines.push(`if (end !== ${NO_MATCH}) { end = place; ${whole ? this.fail(false) : 'return end;'} }`);
    }
    if (!star && !repeated) return { lines: [...lines, this.fail(false)], next: undefined };
    if (star) lines.push('end = place - 1;');
    return { lines, next: { token: token + 1, repeated: false } };
  }

  /** Goes on to the last byte of a stretch. */
  private skip(set: Uint8Array): string {
    const fits = emitTest(set, 'bytes[place + 1]', this.tables);
    return `while (${set[0] === 1 ? 'place + 1 < size && ' : ''}${fits}) place++;`;
  }

  private isRun(token: number): boolean {
    const { classes, kinds } = this.program;
    return classes[token] === 1 && kinds[token] !== ONE;
  }

  private test(token: number, byte: string): string {
    return emitTest(this.program.accepts[token]!, byte, this.tables);
  }

  private fail(repeated: boolean): string {
    this.failing.add(repeated);
    return `repeated = ${repeated ? 1 : 0}; break attempt;`;
  }

  private go(state: State): string {
    this.require(state);
    return `state = ${numberOf(state)}; continue run;`;
  }

  private require(state: State): void {
    const number = numberOf(state);
    if (!this.written.has(number)) this.open.push(number);
  }
}

function numberOf({ token, repeated }: State): number {
  return token * 2 + (repeated ? 1 : 0);
}
