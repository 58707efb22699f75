import {
  add,
  again,
  bitmask8,
  type Code,
  ctz,
  eq,
  eq8,
  get,
  geU,
  giveBack,
  gtU,
  i32,
  leaveIf,
  load8,
  load32,
  load128,
  loop,
  ltS,
  ltU,
  ne,
  or,
  or128,
  set,
  splat8,
  tee,
  when,
} from './assembler.ts';
import { FAILED, MAX_DEPTH, TEXT_END, UNUSUAL } from './json-layout.ts';

// What the functions of `json-code.ts` and `json-object-code.ts` are made of.

export const byte = (char: string): Code => i32(char.charCodeAt(0));
export const fail = giveBack(i32(FAILED));
export const giveUp = giveBack(i32(UNUSUAL));
/** Moves `place` by one byte. */
export const next = (place: number): Code => set(place, add(get(place), i32(1)));
export const isAt = (place: number, char: string): Code => eq(load8(get(place)), byte(char));

/** Moves `place` to the next byte above 32, at most to the end. */
export const skipSpace = (place: number, end: number): Code =>
  loop(leaveIf(geU(get(place), get(end))), leaveIf(gtU(load8(get(place)), i32(32))), next(place), again());

/** Moves `place` to the next quote, backslash or zero. */
export const skipPlain = (place: number, bits: number, vector: number): Code => [
  ...loop(
    set(vector, load128(get(place))),
    set(
      bits,
      bitmask8(or128(or128(eq8(get(vector), splat8(34)), eq8(get(vector), splat8(92))), eq8(get(vector), splat8(0)))),
    ),
    leaveIf(get(bits)),
    set(place, add(get(place), i32(16))),
    again(),
  ),
  ...set(place, add(get(place), ctz(get(bits)))),
];

export const failUnless = (place: number, end: number, char: string): Code =>
  when(or(geU(get(place), get(end)), ne(load8(get(place)), byte(char))), fail);

/** Goes into what begins at `at` and ends in `close`, which is empty where that comes at once. */
export const enter = (at: number, depth: number, end: number, close: string): Code =>
  [
    when(geU(get(depth), i32(MAX_DEPTH)), fail),
    set(end, load32(i32(TEXT_END))),
    next(at),
    skipSpace(at, end),
    when(isAt(at, close), when(ltU(get(at), get(end)), giveBack(add(get(at), i32(1))))),
  ].flat();

/** Behind a value: the end at `close`, or on behind a comma. */
export const closeOrGoOn = (at: number, end: number, seen: number, close: string): Code =>
  [
    skipSpace(at, end),
    when(geU(get(at), get(end)), fail),
    set(seen, load8(get(at))),
    next(at),
    when(eq(get(seen), byte(close)), giveBack(get(at))),
    when(ne(get(seen), byte(',')), fail),
  ].flat();

/** Moves `at` behind the value that `code` reads. */
export const goBehind = (at: number, code: Code): Code => when(ltS(tee(at, code), i32(0)), giveBack(get(at)));
