import { PatternError } from '../types.ts';
import { isAnchored } from './anchored.ts';
import { ASSERTIONS } from './assertions.ts';
import { type Condition, childrenOf, type Look, type Node, type Pattern, type Verb } from './ast.ts';
import { type ByteSet, literalOf } from './byte-set.ts';
import { leadingRun } from './leading-run.ts';
import { firstBytes, isNullable } from './nullable.ts';
import { OP } from './opcodes.ts';
import { isOpaque } from './simplify.ts';
import { fixedWidth } from './width.ts';

/** A pattern as code for the backtracking machine. */
export interface Code {
  readonly code: Int32Array;
  readonly sets: readonly ByteSet[];
  readonly references: Int32Array;
  readonly groups: number;
  /** Two places for each group (0 is unused), then places and heights that loops and assertions need. */
  readonly slots: number;
  /** Bytes that a match can begin with; undefined when it may be empty. */
  readonly first: ByteSet | undefined;
  /** Only a match that begins where the search begins counts. */
  readonly anchored: boolean;
  /** Matches begin at characters, not inside of them. */
  readonly utf: boolean;
  /** Number of states whose failures may be remembered; 0 when the outcome of a state depends on groups. */
  readonly memos: number;
  /** Bytes of a run that the pattern begins with: matches are tried only where a stretch of them begins. */
  readonly leading: ByteSet | undefined;
}

/** Counted repeats are written out; PCRE2 has a limit of the same kind (about 65,536 bytes of its own code). */
const MAX_CODE = 200_000;

/**
 * Compiling itself is put off until the machine is needed.
 *
 * @throws PatternError when the pattern gets too large or combines constructs that are not supported together
 */
export function checkCompilable(root: Node): void {
  if (nodeSize(root) > MAX_CODE) {
    throw new PatternError('the pattern is too large when its counted repeats are written out');
  }
  const called = new Set<number>();
  collectCalls(root, called);
  if (called.size > 0 && hasVerb(root)) {
    throw new PatternError('backtracking verbs together with subroutine calls are not supported');
  }
}

/** Words of code, roughly. */
function nodeSize(node: Node): number {
  const children = childrenOf(node).reduce((sum, child) => sum + nodeSize(child), 0);
  if (node.kind !== 'repeat' || node.child.kind === 'set') return children + 4;
  const copies = Number.isFinite(node.max) ? node.max : node.min + 1;
  return (children + 2) * Math.max(1, copies) + 4;
}

export function compileCode({ root, groups, utf }: Pattern): Code {
  return new Compiler(groups).compile(root, utf);
}

class Compiler {
  readonly #code: number[] = [];
  readonly #sets: ByteSet[] = [];
  readonly #setNumbers = new Map<ByteSet, number>();
  readonly #references: number[] = [];
  readonly #groups: number;
  /** Where the code of a group begins: its first copy is the one that calls run. */
  readonly #starts = new Map<number, number>();
  readonly #calls: { readonly at: number; readonly group: number }[] = [];
  readonly #called = new Set<number>();
  /** Captures around the place of the emitter, outermost first. */
  readonly #open: { readonly opened: number; readonly index: number }[] = [];
  #slots: number;
  #memos = 0;
  /** Whether the outcome at this place of the code depends only on the place in the text. */
  #memoizable = true;

  constructor(groups: number) {
    this.#groups = groups;
    this.#slots = 2 * (groups + 1);
  }

  compile(root: Node, utf: boolean): Code {
    collectCalls(root, this.#called);
    this.#memoizable = !isOpaque(root);
    this.#starts.set(0, 0);
    this.#emit(root);
    if (this.#called.has(0)) this.#push(OP.RETURN, 0);
    this.#push(OP.MATCH);
    for (const { at, group } of this.#calls) {
      if (!this.#starts.has(group)) this.#emitDetached(root, group);
      this.#code[at] = this.#starts.get(group)!;
    }
    return {
      code: Int32Array.from(this.#code),
      sets: this.#sets,
      references: Int32Array.from(this.#references),
      groups: this.#groups,
      slots: this.#slots,
      first: isNullable(root) || hasVerb(root) ? undefined : firstBytes(root),
      anchored: isAnchored(root),
      utf,
      memos: this.#memos,
      leading: leadingRun(root),
    };
  }

  /** A group that is only written inside `{0}` or DEFINE has no code in the main line. */
  #emitDetached(root: Node, group: number): void {
    const node = findGroup(root, group);
    if (!node) throw new PatternError(`reference to group ${group}, which does not exist`);
    this.#emit(node);
    this.#push(OP.FAIL);
  }

  #push(...words: number[]): number {
    const at = this.#code.length;
    this.#code.push(...words);
    return at;
  }

  #patch(at: number): void {
    this.#code[at] = this.#code.length;
  }

  #memo(): number {
    return this.#memoizable ? this.#memos++ : -1;
  }

  /** What is decided inside is not decided for good: it may be given up with the whole, or be taken for granted. */
  #withoutMemos(emit: () => void): void {
    const outer = this.#memoizable;
    this.#memoizable = false;
    emit();
    this.#memoizable = outer;
  }

  #slot(): number {
    return this.#slots++;
  }

  #setNumber(set: ByteSet): number {
    let number = this.#setNumbers.get(set);
    if (number === undefined) {
      number = this.#sets.push(set) - 1;
      this.#setNumbers.set(set, number);
    }
    return number;
  }

  #emit(node: Node): void {
    switch (node.kind) {
      case 'empty':
        return;
      case 'set': {
        const literal = literalOf(node.bytes);
        if (literal) this.#push(OP.BYTE, literal.byte, literal.caseless ? literal.byte - 32 : literal.byte);
        else this.#push(OP.SET, this.#setNumber(node.bytes));
        return;
      }
      case 'sequence':
        for (const item of node.items) this.#emit(item);
        return;
      case 'choice':
        this.#emitBranches(node.branches, (branch) => this.#emit(branch));
        return;
      case 'repeat':
        this.#emitRepeat(node);
        return;
      case 'capture':
        this.#emitCapture(node);
        return;
      case 'atomic':
        this.#emitAtomic(() => this.#emit(node.child));
        return;
      case 'look':
        this.#emitLook(node);
        return;
      case 'backreference':
        this.#push(OP.REFERENCE, ...this.#referenceList(node.groups), node.caseless ? 1 : 0);
        return;
      case 'assertion':
        this.#push(OP.ASSERT, ASSERTIONS.indexOf(node.what));
        return;
      case 'keep':
        this.#push(OP.KEEP);
        return;
      case 'call':
        this.#calls.push({ at: this.#push(OP.CALL, 0, node.group) + 1, group: node.group });
        return;
      case 'conditional':
        this.#emitConditional(node.condition, node.yes, node.no);
        return;
      case 'verb':
        this.#emitVerb(node.name);
    }
  }

  /** ACCEPT closes the groups it stands in, with what they hold so far. */
  #emitVerb(name: Verb): void {
    if (name === 'ACCEPT') for (const { opened, index } of this.#open) this.#push(OP.CLOSE_GROUP, opened, index);
    this.#push(OP[name]);
  }

  #referenceList(groups: readonly number[]): [number, number] {
    const first = this.#references.length;
    this.#references.push(...groups);
    return [first, groups.length];
  }

  #emitBranches(branches: readonly Node[], emit: (branch: Node) => void): void {
    const ends: number[] = [];
    for (const [i, branch] of branches.entries()) {
      if (i === branches.length - 1) {
        emit(branch);
        break;
      }
      const split = this.#push(OP.SPLIT, 0, this.#memo()) + 1;
      emit(branch);
      ends.push(this.#push(OP.JUMP, 0) + 1);
      this.#patch(split);
    }
    for (const end of ends) this.#patch(end);
  }

  #emitCapture({ index, child }: Node & { kind: 'capture' }): void {
    if (!this.#starts.has(index)) this.#starts.set(index, this.#code.length);
    const opened = this.#slot();
    this.#push(OP.SAVE, opened);
    this.#open.push({ opened, index });
    this.#emit(child);
    this.#open.pop();
    this.#push(OP.CLOSE_GROUP, opened, index);
    if (this.#called.has(index)) this.#push(OP.RETURN, index);
  }

  #emitAtomic(body: () => void): void {
    const height = this.#slot();
    this.#push(OP.ATOMIC, height);
    this.#withoutMemos(body);
    this.#push(OP.COMMIT_ATOMIC, height);
  }

  #emitRepeat(node: Node & { kind: 'repeat' }): void {
    const { child, min, max, mode } = node;
    if (child.kind === 'set') {
      const op = mode === 'greedy' ? OP.RUN : mode === 'lazy' ? OP.RUN_LAZY : OP.RUN_POSSESSIVE;
      const most = max === Number.POSITIVE_INFINITY ? -1 : max;
      this.#push(op, this.#setNumber(child.bytes), min, most, this.#memo(), this.#memo());
    } else if (mode === 'possessive') {
      this.#emitAtomic(() => this.#emitLoop(child, min, max, false));
    } else {
      this.#emitLoop(child, min, max, mode === 'lazy');
    }
  }

  #emitLoop(child: Node, min: number, max: number, lazy: boolean): void {
    const split = lazy ? OP.SPLIT_LAZY : OP.SPLIT;
    for (let i = 0; i < min; i++) this.#emit(child);
    if (max === Number.POSITIVE_INFINITY) {
      const start = this.#push(split, 0, this.#memo());
      const before = isNullable(child) ? this.#slot() : -1;
      if (before >= 0) {
        this.#push(OP.SAVE, before);
        this.#withoutMemos(() => this.#emit(child));
      } else {
        this.#emit(child);
      }
      const exit = before >= 0 ? this.#push(OP.JUMP_IF_EMPTY, before, 0) + 2 : -1;
      this.#push(OP.JUMP, start);
      this.#patch(start + 1);
      if (exit >= 0) this.#patch(exit);
      return;
    }
    const splits: number[] = [];
    for (let i = min; i < max; i++) {
      splits.push(this.#push(split, 0, this.#memo()) + 1);
      this.#emit(child);
    }
    for (const at of splits) this.#patch(at);
  }

  #emitLook(look: Look): void {
    const height = this.#slot();
    const place = this.#slot();
    this.#push(OP.ATOMIC, height, OP.SAVE, place);
    const split = look.negative ? this.#push(OP.SPLIT, 0, this.#memo()) + 1 : -1;
    this.#withoutMemos(() => this.#emitLookBranches(look));
    if (look.negative) {
      this.#push(OP.NOT_END, height, place, -1);
      this.#patch(split);
    } else {
      this.#push(OP.LOOK_END, height, place);
    }
  }

  #emitLookBranches({ ahead, branches }: Look): void {
    this.#emitBranches(branches, (branch) => {
      if (!ahead) this.#push(OP.BACK, fixedWidth(branch)!);
      this.#emit(branch);
    });
  }

  #emitConditional(condition: Condition, yes: Node, no: Node): void {
    if (condition.kind === 'always' || condition.kind === 'never') {
      this.#emit(condition.kind === 'always' ? yes : no);
      return;
    }
    if (condition.kind === 'look') {
      this.#emitLookCondition(condition.look, yes, no);
      return;
    }
    const otherwise =
      condition.kind === 'group'
        ? this.#push(OP.UNLESS_SET, ...this.#referenceList(condition.groups), 0) + 3
        : this.#push(OP.UNLESS_CALLED, condition.group ?? -1, 0) + 2;
    this.#emit(yes);
    const end = this.#push(OP.JUMP, 0) + 1;
    this.#patch(otherwise);
    this.#emit(no);
    this.#patch(end);
  }

  #emitLookCondition(look: Look, yes: Node, no: Node): void {
    const height = this.#slot();
    const place = this.#slot();
    this.#push(OP.ATOMIC, height, OP.SAVE, place);
    const split = this.#push(OP.SPLIT, 0, -1) + 1;
    this.#withoutMemos(() => this.#emitLookBranches(look));
    const found = look.negative ? this.#push(OP.NOT_END, height, place, 0) + 3 : -1;
    if (!look.negative) this.#push(OP.LOOK_END, height, place);
    const [first, second] = look.negative ? [no, yes] : [yes, no];
    if (found >= 0) this.#patch(found);
    this.#emit(first);
    const end = this.#push(OP.JUMP, 0) + 1;
    this.#patch(split);
    this.#emit(second);
    this.#patch(end);
  }
}

function collectCalls(node: Node, groups: Set<number>): void {
  if (node.kind === 'call') groups.add(node.group);
  for (const child of childrenOf(node)) collectCalls(child, groups);
}

function findGroup(node: Node, index: number): Node | undefined {
  if (node.kind === 'capture' && node.index === index) return node;
  for (const child of childrenOf(node)) {
    const found = findGroup(child, index);
    if (found) return found;
  }
  return undefined;
}

/** Verbs act where a match is tried, so no place may be left out. */
function hasVerb(node: Node): boolean {
  return (node.kind === 'verb' && node.name !== 'FAIL') || childrenOf(node).some(hasVerb);
}
