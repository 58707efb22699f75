import { foldAscii } from '../ascii.ts';
import { CLOSE, ONE, OPEN, PLUS, type Program, STAR } from './program.ts';

/** No match. Other results are the offset the original reports as the last byte of the match (-1 when before the text). */
export const NO_MATCH = -2;
/** More steps than allowed. */
export const LIMIT = -3;

/** About ten milliseconds. */
export const MAX_STEPS = 3_000_000;

const savedTokens = new Int32Array(4);
const savedPlaces = new Int32Array(4);

/**
 * Runs one alternative over `text` from `from` on. A single scan with at most four remembered places, as the original
 * does it; its quirks decide which rules fire, so they are all here (ruleset-engine 4.3, 5.1). `captures` (two entries a
 * pair, -1 for unset) is filled when given. `folded` is `text` in ASCII lower case, used to jump to the literal start.
 *
 * What is not obvious:
 * - `repeated` says that the current class has matched before; only then may the token after it take over.
 * - a literal that takes over clears it, a class does not, and it survives going back to a remembered place.
 * - `end` is unset after a failed attempt until something that is not a final `*` class matches, and an unset `end` is
 *   no match: `\d*$` only ever matches from the first byte on.
 */
export function run(
  program: Program,
  text: string,
  bytes: Uint8Array,
  folded: string | undefined,
  from: number,
  captures: Int32Array | undefined,
  captureMode: boolean,
): number {
  const { length, kinds, accepts, classes, nearEnd, slots, prefix, stays, first } = program;
  const size = text.length;
  const whole = program.end;
  if (length === 0) return !whole || size === from ? from : NO_MATCH;
  if (size === from) return acceptsRest(program, 0, false) ? from : NO_MATCH;

  const UNSET = NO_MATCH;
  const jump = !program.begin && prefix !== '';
  const lower = program.folds ? (folded ?? foldAscii(text)) : '';
  let end = from;
  let token = 0;
  let place = from;
  let repeated = false;
  let restart = -1;
  let saved = 0;
  let steps = 0;

  if (jump) {
    place = lower.indexOf(prefix, from);
    if (place < 0) return NO_MATCH;
  } else if (prefix !== '' && accepts[0]![bytes[from]!] === 0) {
    return NO_MATCH;
  }
  if (program.folds && !program.filter.passes(lower, place + prefix.length)) return NO_MATCH;
  for (; place < size; place++) {
    if (++steps > MAX_STEPS) return LIMIT;
    if (token < length && kinds[token]! >= OPEN) {
      if (captures) captures[slots[token]!] = place;
      token++;
    }
    if (token >= length) {
      if (!whole) return end;
    } else {
      const byte = bytes[place]!;
      const fits = accepts[token]![byte] === 1;
      if (classes[token] === 1 && kinds[token] !== ONE) {
        const star = kinds[token] === STAR;
        if (fits) {
          if (star) repeated = true;
          const next = program.next[token]!;
          const paren = next > token + 1;
          if (next >= length) {
            // Nothing but this class is left: all that it takes, at once.
            const taken = accepts[token]!;
            const begun = place;
            if (!repeated) end = place;
            while (place + 1 < size && taken[bytes[place + 1]!] === 1) place++;
            steps += place - begun;
            if (paren && captures) captures[slots[next - 1]!] = place + 1;
            repeated = true;
            continue;
          }
          if (repeated && accepts[next]![byte] === 1) {
            if (paren && captures) captures[slots[next - 1]!] = place;
            if (saved < 4) {
              savedTokens[saved] = token;
              savedPlaces[saved++] = place;
            }
            const isClass = classes[next] === 1;
            token = isClass && kinds[next] !== ONE ? next : next + 1;
            repeated = isClass;
            end = place;
            continue;
          }
          if (!repeated && paren && captures && kinds[token + 1] === CLOSE) captures[slots[token + 1]!] = place + 1;
          repeated = true;
          // The same for all bytes that are the class's and not the next token's.
          const stay = stays[token]!;
          const begun = place;
          while (place + 1 < size && stay[bytes[place + 1]!] === 1) place++;
          steps += place - begun;
          end = place;
          continue;
        }
        if (nearEnd[token] === 1 && repeated && end !== UNSET) {
          end = place;
          if (!whole) return end;
        } else if (star) {
          token++;
          place--;
          end = place;
          repeated = false;
          continue;
        } else if (repeated) {
          token++;
          place--;
          repeated = false;
          continue;
        }
        repeated = false;
      } else if (fits) {
        token++;
        if (restart < 0) restart = place;
        end = place;
        continue;
      } else if (classes[token] === 1) {
        if (nearEnd[token] === 1 && repeated && end !== UNSET) {
          end = place;
          if (!whole) return end;
        }
        repeated = false;
      }
    }

    if (saved > 0) {
      token = savedTokens[--saved]!;
      place = savedPlaces[saved]!;
      end = place;
      continue;
    }
    if (program.begin) return NO_MATCH;
    if (restart >= 0) {
      place = restart;
      restart = -1;
    }
    token = 0;
    end = UNSET;
    if (jump) {
      place = lower.indexOf(prefix, place + 1) - 1;
      if (place < -1) return NO_MATCH;
    } else if (first !== undefined && !repeated) {
      // Attempts at these bytes would come to this place again, with nothing changed.
      const begun = place;
      while (place + 1 < size && first[bytes[place + 1]!] === 0) place++;
      steps += place - begun;
    }
  }

  if (end === UNSET) return NO_MATCH;
  if (captureMode) {
    while (token < length && kinds[token] === STAR) token++;
    if (captures && token < length && kinds[token]! >= OPEN) captures[slots[token]!] = size;
  }
  return acceptsRest(program, token, repeated) ? end : NO_MATCH;
}

/**
 * Whether what is left of the pattern at the end of the text may stay unmatched. The original looks past at most two
 * classes and, where a test fails half-way, does not go back: a class without quantifier can so be skipped.
 */
export function acceptsRest(program: Program, token: number, repeated: boolean): boolean {
  const { length, kinds, classes } = program;
  if (token < length && kinds[token]! >= OPEN) token++;
  if (token >= length) return true;
  if (classes[token] === 1 && repeated) {
    if (kinds[token] === ONE) {
      token++;
    } else {
      token++;
      if (token < length && kinds[token]! >= OPEN) token++;
      if (token >= length) return true;
      if (classes[token] === 1) {
        if (kinds[token] === PLUS) return false;
        const star = kinds[token] === STAR;
        token++;
        if (star) {
          if (token < length && kinds[token]! >= OPEN) token++;
          if (token >= length) return true;
        }
      }
    }
  }
  if (token >= length || kinds[token] !== STAR) return false;
  token++;
  if (token < length && kinds[token]! >= OPEN) token++;
  return token >= length;
}
