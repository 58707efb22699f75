import { foldAscii } from '../ascii.ts';
import { holds } from './assertions.ts';
import * as stackKinds from './backtrack-stack.ts';
import { BacktrackStack } from './backtrack-stack.ts';
import type { Code } from './compile.ts';
import { Memo } from './memo.ts';
import { OP } from './opcodes.ts';

/** About twenty milliseconds. PCRE2's own limit (ten million) is of the same kind: a match that reaches it is none. */
const MAX_STEPS = 2_000_000;

/** A subroutine call under way. */
interface Frame {
  readonly group: number;
  readonly place: number;
  readonly returnTo: number;
  readonly slots: Int32Array;
  readonly parent: number;
}

const stack = new BacktrackStack();

/** Steps before failures are remembered: most matches need less, and clearing the memory is not for nothing. */
const QUICK_STEPS = 5_000;
const memo = new Memo();

/**
 * Backtracking with a bound: for patterns that a native expression cannot do, or that could explode there. Semantics are
 * those of PCRE2 on bytes; `from` is the start of the subject.
 */
export class Machine {
  readonly #code: Code;
  readonly #slots: Int32Array;
  readonly #quickSteps: number;
  readonly #frames: Frame[] = [];
  #text = '';
  #from = 0;
  #steps = 0;
  #maxSteps = 0;
  #remembers = false;

  /** @param quickSteps steps before failures are remembered */
  constructor(code: Code, quickSteps: number = QUICK_STEPS) {
    this.#code = code;
    this.#slots = new Int32Array(code.slots);
    this.#quickSteps = quickSteps;
  }

  /**
   * @returns begin and end of the match and of each group, -1 for groups that are not set (valid until the next call);
   *   undefined for no match; `'limit'` when it was given up
   */
  exec(text: string, from: number): Int32Array | undefined | 'limit' {
    this.#text = text;
    this.#from = from;
    this.#remembers = false;
    this.#maxSteps = this.#code.memos > 0 ? this.#quickSteps : MAX_STEPS;
    const result = this.#search();
    if (result !== 'limit' || this.#code.memos === 0) return result;
    this.#remembers = memo.begin(this.#code.memos, from, text.length);
    this.#maxSteps = MAX_STEPS;
    return this.#search();
  }

  #search(): Int32Array | undefined | 'limit' {
    const { first, anchored, utf, leading } = this.#code;
    const text = this.#text;
    const from = this.#from;
    const size = text.length;
    this.#steps = 0;
    let start = from;
    while (start <= size) {
      if (first) {
        while (start < size && first[text.charCodeAt(start)] === 0) start++;
        if (start >= size || (anchored && start > from)) return undefined;
      }
      while (utf && start < size && (text.charCodeAt(start) & 0xc0) === 0x80) start++;
      const result = this.#run(start);
      if (result === MATCHED) return this.#slots;
      if (result === GIVEN_UP) return 'limit';
      if (result === NEVER || anchored) return undefined;
      if (leading) while (start < size && leading[text.charCodeAt(start)] === 1) start++;
      start = result > start ? result : start + 1;
    }
    return undefined;
  }

  /** One of the constants below, or the place of a SKIP to go on from. */
  #run(start: number): number {
    const { code, sets } = this.#code;
    const slots = this.#slots;
    const text = this.#text;
    const size = text.length;
    slots.fill(-1);
    slots[0] = start;
    stack.height = 0;
    // Setting a length is slow, even the one it has.
    if (this.#frames.length > 0) this.#frames.length = 0;
    let frame = -1;
    let place = start;
    let at = 0;
    let failed = false;
    let steps = this.#steps;
    const maxSteps = this.#maxSteps;
    const remembers = this.#remembers;

    for (;;) {
      if (++steps > maxSteps) return GIVEN_UP;
      if (failed) {
        failed = false;
        if (stack.height === 0) {
          this.#steps = steps;
          return NO_MATCH_HERE;
        }
        const { words } = stack;
        const top = stack.height - 4;
        const a = words[top + 1]!;
        const b = words[top + 2]!;
        switch (words[top]) {
          case stackKinds.CHOICE:
            stack.height = top;
            at = a;
            place = b;
            break;
          case stackKinds.UNDO:
            stack.height = top;
            slots[a] = b;
            failed = true;
            continue;
          case stackKinds.RUN: {
            const tried = words[top + 3]! - 1;
            const lower = code[a] === OP.BYTE ? code[a + 1]! : -1;
            const upper = lower < 0 ? -1 : code[a + 2]!;
            const state = remembers ? code[a - 1]! : -1;
            let end = state < 0 ? tried : memo.highestUntried(state, tried);
            for (; end >= b; end--) {
              if (lower >= 0) {
                const byte = text.charCodeAt(end);
                if (byte !== lower && byte !== upper) continue;
              }
              if (!memo.wasTried(state, end)) break;
            }
            if (state >= 0) memo.triedDownTo(state, Math.max(end, b));
            steps += (tried - end) >> 3;
            if (end < b) {
              stack.height = top;
              failed = true;
              continue;
            }
            if (end === b) stack.height = top;
            else words[top + 3] = end;
            at = a;
            place = end;
            break;
          }
          case stackKinds.LAZY: {
            const set = sets[code[a - 5]!]!;
            if (b >= words[top + 3]! || set[text.charCodeAt(b)] === 0) {
              stack.height = top;
              failed = true;
              continue;
            }
            words[top + 2] = b + 1;
            at = a;
            place = b + 1;
            failed = remembers && memo.wasTried(code[a - 1]!, place);
            if (failed) continue;
            break;
          }
          case stackKinds.FRAME:
            stack.height = top;
            frame = a;
            failed = true;
            continue;
          case stackKinds.COMMIT:
            return NEVER;
          case stackKinds.SKIP:
            this.#steps = steps;
            return b;
          default:
            this.#steps = steps;
            return NO_MATCH_HERE;
        }
      }

      switch (code[at]) {
        case OP.SET:
          failed = place >= size || sets[code[at + 1]!]![text.charCodeAt(place)] === 0;
          place++;
          at += 2;
          continue;
        case OP.BYTE: {
          const byte = place < size ? text.charCodeAt(place) : -1;
          failed = byte !== code[at + 1] && byte !== code[at + 2];
          place++;
          at += 3;
          continue;
        }
        case OP.RUN:
        case OP.RUN_POSSESSIVE: {
          const set = sets[code[at + 1]!]!;
          const least = place + code[at + 2]!;
          const most = code[at + 3]! < 0 ? size : Math.min(size, place + code[at + 3]!);
          if (remembers && memo.wasTried(code[at + 4]!, place)) {
            failed = true;
            continue;
          }
          const state = remembers && code[at] === OP.RUN && code[at + 3]! < 0 ? code[at + 5]! : -1;
          const begin = place;
          const known = state < 0 ? -1 : memo.firstOfStretch(state, place);
          while (place < most && place !== known && set[text.charCodeAt(place)] === 1) place++;
          steps += (place - begin) >> 3;
          if (state >= 0) place = memo.extendStretch(state, begin, place);
          if (state >= 0 && place >= least) place = memo.highestUntried(state, place);
          if (place < least) {
            failed = true;
            continue;
          }
          if (place > least && code[at] === OP.RUN && !stack.push(stackKinds.RUN, at + 6, least, place)) {
            return GIVEN_UP;
          }
          if (state >= 0) memo.triedDownTo(state, place);
          failed = remembers && memo.wasTried(code[at + 5]!, place);
          at += 6;
          continue;
        }
        case OP.RUN_LAZY: {
          const set = sets[code[at + 1]!]!;
          const least = place + code[at + 2]!;
          const most = code[at + 3]! < 0 ? size : Math.min(size, place + code[at + 3]!);
          if (remembers && memo.wasTried(code[at + 4]!, place)) {
            failed = true;
            continue;
          }
          while (place < least && place < most && set[text.charCodeAt(place)] === 1) place++;
          if (place < least) {
            failed = true;
            continue;
          }
          if (place < most && !stack.push(stackKinds.LAZY, at + 6, place, most)) return GIVEN_UP;
          failed = remembers && memo.wasTried(code[at + 5]!, place);
          at += 6;
          continue;
        }
        case OP.SPLIT:
          if (remembers && memo.wasTried(code[at + 2]!, place)) {
            failed = true;
            continue;
          }
          if (!stack.push(stackKinds.CHOICE, code[at + 1]!, place, 0)) return GIVEN_UP;
          at += 3;
          continue;
        case OP.SPLIT_LAZY:
          if (remembers && memo.wasTried(code[at + 2]!, place)) {
            failed = true;
            continue;
          }
          if (!stack.push(stackKinds.CHOICE, at + 3, place, 0)) return GIVEN_UP;
          at = code[at + 1]!;
          continue;
        case OP.JUMP:
          at = code[at + 1]!;
          continue;
        case OP.SAVE:
          if (!this.#set(code[at + 1]!, place)) return GIVEN_UP;
          at += 2;
          continue;
        case OP.CLOSE_GROUP: {
          const slot = 2 * code[at + 2]!;
          if (!this.#set(slot, slots[code[at + 1]!]!) || !this.#set(slot + 1, place)) return GIVEN_UP;
          at += 3;
          continue;
        }
        case OP.JUMP_IF_EMPTY:
          at = place === slots[code[at + 1]!] ? code[at + 2]! : at + 3;
          continue;
        case OP.ASSERT:
          failed = !holds(code[at + 1]!, text, place, this.#from);
          at += 2;
          continue;
        case OP.ATOMIC:
          if (!this.#set(code[at + 1]!, stack.height + 4)) return GIVEN_UP;
          at += 2;
          continue;
        case OP.COMMIT_ATOMIC:
          stack.cut(slots[code[at + 1]!]!);
          at += 2;
          continue;
        case OP.LOOK_END:
          stack.cut(slots[code[at + 1]!]!);
          place = slots[code[at + 2]!]!;
          at += 3;
          continue;
        case OP.NOT_END: {
          const target = code[at + 3]!;
          place = slots[code[at + 2]!]!;
          frame = this.#unwind(slots[code[at + 1]!]!, frame);
          failed = target < 0;
          at = target;
          continue;
        }
        case OP.BACK:
          place -= code[at + 1]!;
          failed = place < this.#from;
          at += 2;
          continue;
        case OP.REFERENCE: {
          const length = this.#referenced(at, place);
          failed = length < 0;
          place += length;
          steps += 4 + (length >> 1);
          at += 4;
          continue;
        }
        case OP.CALL: {
          const group = code[at + 2]!;
          for (let i = frame; i >= 0; i = this.#frames[i]!.parent) {
            if (this.#frames[i]!.group === group && this.#frames[i]!.place === place) return GIVEN_UP;
          }
          if (this.#frames.length > MAX_FRAMES || !stack.push(stackKinds.FRAME, frame, 0, 0)) return GIVEN_UP;
          this.#frames.push({ group, place, returnTo: at + 3, slots: slots.slice(), parent: frame });
          frame = this.#frames.length - 1;
          at = code[at + 1]!;
          continue;
        }
        case OP.RETURN:
          if (frame < 0 || this.#frames[frame]!.group !== code[at + 1]) {
            at += 2;
            continue;
          }
          at = this.#frames[frame]!.returnTo;
          frame = this.#return(frame);
          continue;
        case OP.UNLESS_SET:
          at = this.#firstSet(code[at + 1]!, code[at + 2]!) < 0 ? code[at + 3]! : at + 4;
          continue;
        case OP.UNLESS_CALLED: {
          const group = code[at + 1]!;
          const called = frame >= 0 && (group < 0 || this.#frames[frame]!.group === group);
          at = called ? at + 3 : code[at + 2]!;
          continue;
        }
        case OP.FAIL:
          failed = true;
          continue;
        case OP.COMMIT:
          if (!stack.push(stackKinds.COMMIT, 0, 0, 0)) return GIVEN_UP;
          at++;
          continue;
        case OP.PRUNE:
          if (!stack.push(stackKinds.PRUNE, 0, 0, 0)) return GIVEN_UP;
          at++;
          continue;
        case OP.SKIP:
          if (!stack.push(stackKinds.SKIP, 0, place, 0)) return GIVEN_UP;
          at++;
          continue;
        case OP.KEEP:
          if (!this.#set(0, place)) return GIVEN_UP;
          at++;
          continue;
        case OP.ACCEPT:
          if (frame >= 0) {
            at = this.#frames[frame]!.returnTo;
            frame = this.#return(frame);
            continue;
          }
          slots[1] = place;
          return MATCHED;
        case OP.MATCH:
          slots[1] = place;
          return MATCHED;
      }
    }
  }

  #set(slot: number, value: number): boolean {
    const slots = this.#slots;
    if (!stack.push(stackKinds.UNDO, slot, slots[slot]!, 0)) return false;
    slots[slot] = value;
    return true;
  }

  /** Leaves a call: groups get back what they held before it, and the call can be gone back into. */
  #return(frame: number): number {
    const { slots, parent } = this.#frames[frame]!;
    for (let slot = 2; slot < slots.length; slot++) {
      if (this.#slots[slot] !== slots[slot]) this.#set(slot, slots[slot]!);
    }
    stack.push(stackKinds.FRAME, frame, 0, 0);
    return parent;
  }

  /** Undoes everything above a height and forgets the choices there; returns the frame. */
  #unwind(height: number, frame: number): number {
    const { words } = stack;
    for (let at = stack.height - 4; at >= height; at -= 4) {
      if (words[at] === stackKinds.UNDO) this.#slots[words[at + 1]!] = words[at + 2]!;
      else if (words[at] === stackKinds.FRAME) frame = words[at + 1]!;
    }
    stack.height = height;
    return frame;
  }

  #firstSet(first: number, count: number): number {
    const { references } = this.#code;
    for (let i = first; i < first + count; i++) {
      if (this.#slots[2 * references[i]! + 1]! >= 0) return references[i]!;
    }
    return -1;
  }

  /** Bytes that a back reference takes here, -1 when it does not match; a group that is not set never does. */
  #referenced(at: number, place: number): number {
    const { code } = this.#code;
    const group = this.#firstSet(code[at + 1]!, code[at + 2]!);
    if (group < 0) return -1;
    const begin = this.#slots[2 * group]!;
    const length = this.#slots[2 * group + 1]! - begin;
    const wanted = this.#text.slice(begin, begin + length);
    const there = this.#text.slice(place, place + length);
    if (wanted === there) return length;
    return code[at + 3] === 1 && foldAscii(wanted) === foldAscii(there) ? length : -1;
  }
}

const MATCHED = -1;
const NO_MATCH_HERE = -2;
const GIVEN_UP = -3;
const NEVER = -4;
const MAX_FRAMES = 10_000;
