import { type Atom, atomOf } from './atom.ts';
import { type Instruction, writeProgram } from './program.ts';
import { parseSyntax, type Syntax } from './syntax.ts';

/** Before the first and behind the last character. */
const NONE = -1;

/**
 * A regular expression whose time grows with the length of a text and never faster, for texts that others write: where
 * JavaScript's own engine tries one way after the other, this one follows all at once. It has JavaScript's syntax with
 * the flag `u`, and `(?i)` at the beginning, but nothing that takes more than one pass.
 */
export class LinearPattern {
  readonly source: string;
  readonly #program: readonly Instruction[];
  readonly #word: Atom;
  /** Every match begins at the first character. */
  readonly #atStart: boolean;
  /** In which round an instruction was last put on a list. */
  readonly #seen: Uint32Array;
  #round = 0;
  #now: number[] = [];
  #next: number[] = [];

  /** @throws Error (SyntaxError where the syntax is wrong) in words for whoever wrote the pattern */
  constructor(source: string) {
    this.source = source;
    const caseless = source.startsWith('(?i)');
    const flags = caseless ? 'iu' : 'u';
    const text = caseless ? source.slice(4) : source;
    new RegExp(text, flags);
    const syntax = parseSyntax(text, flags);
    this.#program = writeProgram(syntax);
    this.#word = atomOf('\\w', flags);
    this.#atStart = beginsAtStart(syntax);
    this.#seen = new Uint32Array(this.#program.length);
  }

  /** Whether the pattern is found anywhere in the text. */
  test(text: string): boolean {
    this.#now.length = 0;
    let before = NONE;
    for (let at = 0; ; ) {
      const code = at < text.length ? (text.codePointAt(at) as number) : NONE;
      if (this.#follow(before, code, at === 0)) return true;
      if (code === NONE || (this.#atStart && this.#now.length === 0)) return false;
      this.#step(code);
      before = code;
      at += code > 0xffff ? 2 : 1;
    }
  }

  /**
   * Puts all that can be at work between two characters on the list: what the character before led to, and a new start.
   * Leaves the atoms; says whether the pattern has matched.
   */
  #follow(before: number, code: number, first: boolean): boolean {
    if (this.#round === 0xffff_ffff) {
      this.#seen.fill(0);
      this.#round = 0;
    }
    this.#round++;
    const open = this.#now;
    if (first || !this.#atStart) open.push(0);
    const atoms = this.#next;
    atoms.length = 0;
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (this.#seen[index] === this.#round) continue;
      this.#seen[index] = this.#round;
      const instruction = this.#program[index] as Instruction;
      switch (instruction.kind) {
        case 'match':
          return true;
        case 'atom':
          atoms.push(index);
          break;
        case 'jump':
          open.push(instruction.to);
          break;
        case 'fork':
          open.push(instruction.other, instruction.one);
          break;
        case 'assertion':
          if (this.#holds(instruction.assertion, before, code)) open.push(index + 1);
      }
    }
    this.#next = open;
    this.#now = atoms;
    return false;
  }

  /** Leaves what goes on behind the character. */
  #step(code: number): void {
    const list = this.#now;
    let kept = 0;
    for (const index of list) {
      const instruction = this.#program[index] as Instruction & { kind: 'atom' };
      if (instruction.atom.has(code)) list[kept++] = index + 1;
    }
    list.length = kept;
  }

  #holds(assertion: string, before: number, code: number): boolean {
    switch (assertion) {
      case 'start':
        return before === NONE;
      case 'end':
        return code === NONE;
      default:
        return (this.#word.has(before) !== this.#word.has(code)) === (assertion === 'boundary');
    }
  }
}

function beginsAtStart(syntax: Syntax): boolean {
  switch (syntax.kind) {
    case 'assertion':
      return syntax.assertion === 'start';
    case 'choice':
      return syntax.items.every(beginsAtStart);
    case 'sequence':
      return syntax.items[0] !== undefined && beginsAtStart(syntax.items[0]);
    case 'repeat':
      return syntax.min > 0 && beginsAtStart(syntax.item);
    case 'atom':
      return false;
  }
}
