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
  load128,
  loop,
  ne,
  or,
  or128,
  set,
  splat8,
  when,
} from './assembler.ts';

// Places in the memory. Words first:
export const TEXT_END = 0;
export const SKIP_NULL = 4;
/** Values in all. */
export const COUNT = 8;
export const LEAF_COUNT = 12;
/** Places of the table of hashes less one. */
export const TABLE_MASK = 16;
/** Where the table of paths is. */
export const PATHS = 20;
/** One byte for each letter that may follow a backslash and stands for one byte. */
export const ESCAPES = 64;
export const TEXT = 512;
export const CAPACITY = 65536;
/** Nested objects, as cJSON has it. */
export const MAX_DEPTH = 1000;
/** Start and end of the names on the way to the current member. */
export const NAMES = TEXT + CAPACITY + 64;
export const LEAVES = NAMES + MAX_DEPTH * 8;
/** Numbers of one leaf, four bytes each; `json-scan.ts` says which. */
export const LEAF = 20;
export const MAX_LEAVES = 1024;
/** Pairs of a hash and a path's number plus one. */
export const TABLE = LEAVES + MAX_LEAVES * LEAF;

export const FAILED = -1;
/** Left to who takes his time. */
export const UNUSUAL = -2;

export type ReadJson = (from: number, length: number, skipNull: number, hashStart: number) => number;

/** Functions by their place in the module. */
export const OBJECT = 1;
export const VALUE = 2;
export const STRING = 3;
export const ARRAY = 4;
export const INNER_OBJECT = 5;

export const byte = (char: string): Code => i32(char.charCodeAt(0));
export const fail = giveBack(i32(FAILED));
export const giveUp = giveBack(i32(UNUSUAL));
export const isAt = (place: number, char: string): Code => eq(load8(get(place)), byte(char));

/** Moves `place` to the next byte above 32, at most to the end. */
export const skipSpace = (place: number, end: number): Code =>
  loop(
    leaveIf(geU(get(place), get(end))),
    leaveIf(gtU(load8(get(place)), i32(32))),
    set(place, add(get(place), i32(1))),
    again(),
  );

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
