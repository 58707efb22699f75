import { FOLD, foldAscii } from '../ascii.ts';
import {
  CLOSE,
  END,
  KIND,
  LITERAL,
  NEAR_END,
  NEXT_IS_CLASS,
  NEXT_IS_END,
  NEXT_IS_RUN,
  ONE,
  OPEN,
  PAREN,
  PAREN_CLOSES,
  PLUS,
  type Program,
  ROW,
  ROW_BITS,
  STAR,
  STRIDE,
  VALUE,
} from './program.ts';
import { EMPTY_ROW, SETS } from './sets.ts';

/** No match. Other results are the offset the original reports as the last byte of the match (-1 when before the text). */
export const NO_MATCH = -2;
/** More steps than allowed. */
export const LIMIT = -3;

/** The literal start has not been looked for. */
export const UNKNOWN = -1;

/** About ten milliseconds. */
const MAX_STEPS = 3_000_000;

const savedTokens = new Int32Array(4);
const savedPlaces = new Int32Array(4);

/**
 * Runs one alternative over `text` from `from` on. A single scan with at most four remembered places, as the original
 * does it; its quirks decide which rules fire, so they are all here (ruleset-engine 4.3, 5.1). `captures` (two entries a
 * pair, -1 for unset) is filled when given. `folded` is `text` in ASCII lower case, used to jump to the literal start;
 * `start` is where that stands first in `text`.
 *
 * What is not obvious:
 * - `repeated` says that the current class has matched before; only then may the token after it take over.
 * - a literal that takes over clears it, a class does not, and it survives going back to a remembered place.
 * - `end` is unset after a failed attempt until something that is not a final `*` class matches, and an unset `end` is
 *   no match: `\d*$` only ever matches from the first byte on.
 * - of two parentheses in a row the second is a literal.
 */
export function run(
  program: Program,
  text: string,
  bytes: Uint8Array,
  folded: string | undefined,
  from: number,
  captures: Int32Array | undefined,
  captureMode: boolean,
  start = UNKNOWN,
): number {
  const { code, end: whole, jump, lead } = program;
  const sets = SETS;
  const size = text.length;
  const lower = program.folds ? (folded ?? foldAscii(text)) : '';
  let end = from;
  let at = 0;
  let place = from;
  let repeated = false;
  let restart = -1;
  let saved = 0;
  let steps = 0;
  let mark = from;

  if (code.length === STRIDE) return !whole || size === from ? from : NO_MATCH;
  if (size === from) return acceptsRest(code, 0, false) ? from : NO_MATCH;
  if (jump !== '') {
    restart = start >= from && lead === 0 ? start : nextStart(program, sets, lower, bytes, from);
    if (restart < 0) return NO_MATCH;
    mark = restart;
    at = (lead + jump.length) * STRIDE;
    place = restart + lead + jump.length;
    end = place - 1;
    if (program.filter !== undefined && !program.filter.passes(lower, place)) return NO_MATCH;
  } else {
    if (program.begin && (code[0]! & KIND) === LITERAL && FOLD[bytes[from]!] !== code[0]! >>> VALUE) return NO_MATCH;
    if (program.filter !== undefined && !program.filter.passes(lower, from)) return NO_MATCH;
  }

  for (;;) {
    for (;;) {
      if (place >= size) {
        if (end === NO_MATCH) return NO_MATCH;
        if (captureMode) {
          while ((code[at]! & KIND) === STAR) at += STRIDE;
          const kind = code[at]! & KIND;
          if (captures !== undefined && (kind === OPEN || kind === CLOSE)) captures[code[at]! >>> VALUE] = size;
        }
        return acceptsRest(code, at, repeated) ? end : NO_MATCH;
      }
      let word = code[at]!;
      let kind = word & KIND;
      let byte = bytes[place]!;
      if (kind >= OPEN) {
        if (kind !== END) {
          if (captures !== undefined) captures[word >>> VALUE] = place;
          at += STRIDE;
          word = code[at]!;
          kind = word & KIND;
        }
        if (kind === END) {
          if (!whole) return end;
          break;
        }
      }
      const rows = code[at + 1]!;
      if (sets[((rows & ROW) << 8) | byte] === 1) {
        if (kind === PLUS || kind === STAR) {
          // A class that repeats.
          if (kind === STAR) repeated = true;
          if ((word & NEXT_IS_END) !== 0) {
            // Nothing but this class is left: all that it takes, at once.
            if (!repeated) end = place;
            place = endOfRun(sets, (rows & ROW) << 8, bytes, place + 1, size);
            if (captures !== undefined && (word & PAREN) !== 0) captures[word >>> VALUE] = place;
            repeated = true;
            continue;
          }
          const next = ((rows >>> ROW_BITS) & ROW) << 8;
          if (!repeated || sets[next | byte] === 0) {
            if (!repeated && captures !== undefined && (word & PAREN_CLOSES) !== 0)
              captures[word >>> VALUE] = place + 1;
            repeated = true;
            // The same for all bytes that are the class's and not the next token's.
            place = endOfRun(sets, (rows >>> (2 * ROW_BITS)) << 8, bytes, place + 1, size);
            end = place - 1;
            byte = bytes[place]!;
            if (place >= size || sets[next | byte] === 0 || sets[((rows & ROW) << 8) | byte] === 0) continue;
          }
          if (captures !== undefined && (word & PAREN) !== 0) captures[word >>> VALUE] = place;
          if (saved < 4) {
            savedTokens[saved] = at;
            savedPlaces[saved++] = place;
          }
          at += (word & PAREN) !== 0 ? 2 * STRIDE : STRIDE;
          if ((word & NEXT_IS_RUN) === 0) at += STRIDE;
          repeated = (word & NEXT_IS_CLASS) !== 0;
          end = place;
          place++;
          continue;
        }
        if (restart < 0) restart = place;
        at += STRIDE;
        place++;
        if (kind === LITERAL) {
          const more = countLiterals(code, at, bytes, place, size);
          at += more * STRIDE;
          place += more;
        }
        end = place - 1;
        continue;
      }
      if (kind === PLUS || kind === STAR) {
        if (repeated && (word & NEAR_END) !== 0 && end !== NO_MATCH) {
          end = place;
          if (!whole) return end;
        } else if (kind === STAR) {
          at += STRIDE;
          end = place - 1;
          repeated = false;
          continue;
        } else if (repeated) {
          at += STRIDE;
          repeated = false;
          continue;
        }
        repeated = false;
      } else if (kind === ONE) {
        if (repeated && (word & NEAR_END) !== 0 && end !== NO_MATCH) {
          end = place;
          if (!whole) return end;
        }
        repeated = false;
      }
      break;
    }

    steps += place - mark + 1;
    if (steps > MAX_STEPS) return LIMIT;
    if (saved > 0) {
      at = savedTokens[--saved]!;
      place = end = savedPlaces[saved]!;
      mark = ++place;
      continue;
    }
    if (program.begin) return NO_MATCH;
    if (restart >= 0) {
      place = restart;
      restart = -1;
    }
    end = NO_MATCH;
    if (jump !== '') {
      restart = nextStart(program, sets, lower, bytes, place + 1);
      if (restart < 0) return NO_MATCH;
      // The attempts between: a class that fails clears it, a literal that fails does not.
      if (lead === 1 && repeated) repeated = endOfRun(sets, program.first << 8, bytes, place + 1, restart) === restart;
      mark = restart;
      at = (lead + jump.length) * STRIDE;
      place = restart + lead + jump.length;
      end = place - 1;
    } else {
      at = 0;
      place++;
      if (program.first !== EMPTY_ROW && !repeated) {
        // Attempts at these bytes would come to this place again, with nothing changed.
        place = nextOf(sets, program.first << 8, bytes, place, size);
      }
      mark = place;
    }
  }
}

/** Where the next attempt begins that gets past the literal, from `from` on; -1 for nowhere. */
function nextStart(program: Program, sets: Uint8Array, lower: string, bytes: Uint8Array, from: number): number {
  const { jump, lead, first } = program;
  let place = lower.indexOf(jump, from + lead);
  if (lead === 0) return place;
  while (place >= 0 && sets[(first << 8) | bytes[place - 1]!] === 0) place = lower.indexOf(jump, place + 1);
  return place - lead;
}

/** How many literals in a row are found one behind the other. */
function countLiterals(code: Int32Array, at: number, bytes: Uint8Array, place: number, size: number): number {
  let count = 0;
  while (place + count < size) {
    const word = code[at + count * STRIDE]!;
    if ((word & KIND) !== LITERAL || FOLD[bytes[place + count]!] !== word >>> VALUE) break;
    count++;
  }
  return count;
}

/** From `from` on the first byte that is not in the set. Functions of their own, small enough to stay in registers. */
function endOfRun(sets: Uint8Array, row: number, bytes: Uint8Array, from: number, size: number): number {
  for (let place = from; place < size; place++) if (sets[row | bytes[place]!] === 0) return place;
  return size;
}

/** From `from` on the first byte that is in the set. */
function nextOf(sets: Uint8Array, row: number, bytes: Uint8Array, from: number, size: number): number {
  for (let place = from; place < size; place++) if (sets[row | bytes[place]!] === 1) return place;
  return size;
}

/**
 * Whether what is left of the pattern at the end of the text may stay unmatched. The original looks past at most two
 * classes and, where a test fails half-way, does not go back: a class without quantifier can so be skipped.
 */
export function acceptsRest(code: Int32Array, from: number, repeated: boolean): boolean {
  let at = pastParen(code, from);
  const kind = kindAt(code, at);
  if (kind === END) return true;
  if (kind === ONE && repeated) {
    at += STRIDE;
  } else if ((kind === PLUS || kind === STAR) && repeated) {
    at = pastParen(code, at + STRIDE);
    const next = kindAt(code, at);
    if (next === END) return true;
    if (next === PLUS) return false;
    if (next === ONE) at += STRIDE;
    if (next === STAR) {
      at = pastParen(code, at + STRIDE);
      if (kindAt(code, at) === END) return true;
    }
  }
  return kindAt(code, at) === STAR && kindAt(code, pastParen(code, at + STRIDE)) === END;
}

function pastParen(code: Int32Array, at: number): number {
  const kind = kindAt(code, at);
  return kind === OPEN || kind === CLOSE ? at + STRIDE : at;
}

function kindAt(code: Int32Array, at: number): number {
  return code[at]! & KIND;
}
