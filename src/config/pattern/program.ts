import type { Atom } from './atom.ts';
import type { Assertion, Syntax } from './syntax.ts';

/** What can be at work at one character of a text; the time a character takes is bounded by how many there are. */
export type Instruction =
  | { kind: 'atom'; atom: Atom }
  | { kind: 'assertion'; assertion: Assertion }
  /** Goes on at both. */
  | { kind: 'fork'; one: number; other: number }
  | { kind: 'jump'; to: number }
  | { kind: 'match' };

/** Repetitions are written out: `x{1000}` has a thousand. */
const MAX_INSTRUCTIONS = 2000;

/** @throws Error when the pattern, with its repetitions written out, is too long */
export function writeProgram(syntax: Syntax): readonly Instruction[] {
  const program: Instruction[] = [];
  const add = (instruction: Instruction): number => {
    if (program.length >= MAX_INSTRUCTIONS) {
      throw new Error(`is too long: with its repetitions written out it has more than ${MAX_INSTRUCTIONS} steps`);
    }
    return program.push(instruction) - 1;
  };

  function write(node: Syntax): void {
    switch (node.kind) {
      case 'atom':
      case 'assertion':
        add(node);
        return;
      case 'sequence':
        for (const item of node.items) write(item);
        return;
      case 'choice':
        writeChoice(node.items);
        return;
      case 'repeat':
        writeRepeat(node.item, node.min, node.max);
    }
  }

  function writeChoice(items: readonly Syntax[]): void {
    const ends: number[] = [];
    for (const [index, item] of items.entries()) {
      const isLast = index === items.length - 1;
      const fork = isLast ? -1 : add({ kind: 'fork', one: program.length + 1, other: -1 });
      write(item);
      if (isLast) break;
      ends.push(add({ kind: 'jump', to: -1 }));
      program[fork] = { kind: 'fork', one: fork + 1, other: program.length };
    }
    for (const end of ends) program[end] = { kind: 'jump', to: program.length };
  }

  function writeRepeat(item: Syntax, min: number, max: number): void {
    // What stands for nothing, however often, is written once: `(?:){1000000000}`.
    for (let time = 0; time < min; time++) {
      const before = program.length;
      write(item);
      if (program.length === before) return;
    }
    if (max === Number.POSITIVE_INFINITY) {
      const fork = add({ kind: 'fork', one: program.length + 1, other: -1 });
      write(item);
      add({ kind: 'jump', to: fork });
      program[fork] = { kind: 'fork', one: fork + 1, other: program.length };
      return;
    }
    const forks: number[] = [];
    for (let time = min; time < max; time++) {
      forks.push(add({ kind: 'fork', one: program.length + 1, other: -1 }));
      write(item);
    }
    for (const fork of forks) program[fork] = { kind: 'fork', one: fork + 1, other: program.length };
  }

  write(syntax);
  add({ kind: 'match' });
  return program;
}
