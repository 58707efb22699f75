import { HASH_CASE, HASH_FACTOR } from '../hash.ts';
import {
  add,
  again,
  againIf,
  and,
  assemble,
  bitmask8,
  type Code,
  call,
  ctz,
  eq,
  eq8,
  eqz,
  get,
  geU,
  giveBack,
  gtU,
  i32,
  leave,
  leaveIf,
  load8,
  load32,
  load128,
  loop,
  ltS,
  ltU,
  mul,
  ne,
  or,
  or128,
  set,
  shl,
  splat8,
  store32,
  store128,
  sub,
  tee,
  when,
  whenElse,
  xor,
} from './assembler.ts';

// Places in the memory. Words first:
const TEXT_END = 0;
const SKIP_NULL = 4;
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
const MAX_DEPTH = 1000;
/** Start and end of the names on the way to the current member. */
const NAMES = TEXT + CAPACITY + 64;
export const LEAVES = NAMES + MAX_DEPTH * 8;
/** Numbers of one leaf, four bytes each; `json-scan.ts` says which. */
const LEAF = 20;
export const MAX_LEAVES = 1024;
/** Pairs of a hash and a path's number plus one. */
export const TABLE = LEAVES + MAX_LEAVES * LEAF;

export const FAILED = -1;
/** Left to who takes his time. */
export const UNUSUAL = -2;

export type ReadJson = (from: number, length: number, skipNull: number, hashStart: number) => number;

const OBJECT = 1;
const VALUE = 2;
const STRING = 3;
const ARRAY = 4;
const INNER_OBJECT = 5;

const byte = (char: string): Code => i32(char.charCodeAt(0));
const fail = giveBack(i32(FAILED));
const giveUp = giveBack(i32(UNUSUAL));
const isAt = (place: number, char: string): Code => eq(load8(get(place)), byte(char));

/** Moves `place` to the next byte above 32, at most to the end. */
const skipSpace = (place: number, end: number): Code =>
  loop(
    leaveIf(geU(get(place), get(end))),
    leaveIf(gtU(load8(get(place)), i32(32))),
    set(place, add(get(place), i32(1))),
    again(),
  );

/** Moves `place` to the next quote, backslash or zero. */
const skipPlain = (place: number, bits: number, vector: number): Code => [
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

const failUnless = (place: number, end: number, char: string): Code =>
  when(or(geU(get(place), get(end)), ne(load8(get(place)), byte(char))), fail);

/** What `JsonScan` of `evaluate/json-scan.ts` does, which takes over where this says that something is unusual. */
export function assembleJson(): Uint8Array<ArrayBuffer> {
  return assemble([
    readFunction(),
    objectFunction(),
    valueFunction(),
    stringFunction(),
    arrayFunction(),
    innerFunction(),
  ]);
}

function readFunction() {
  const [FROM, LENGTH, SKIP, HASH, AT, END] = [0, 1, 2, 3, 4, 5];
  const body = [
    set(END, add(get(LENGTH), i32(TEXT))),
    store32(i32(TEXT_END), get(END)),
    store32(i32(SKIP_NULL), get(SKIP)),
    store32(i32(COUNT), i32(0)),
    store32(i32(LEAF_COUNT), i32(0)),
    // Whatever looks for the end of a string finds it here.
    store128(get(END), splat8(0)),
    store128(get(END), splat8(0), 16),
    set(AT, add(get(FROM), i32(TEXT))),
    skipSpace(AT, END),
    when(geU(get(AT), get(END)), giveUp),
    when(eqz(isAt(AT, '{')), giveUp),
    call(OBJECT, get(AT), i32(0), get(HASH)),
  ];
  return { name: 'read', parameters: 4, locals: 2, vectors: 0, body: body.flat() };
}

function objectFunction() {
  const [
    AT,
    DEPTH,
    PREFIX,
    END,
    START,
    HASH,
    PLACE,
    BITS,
    TO,
    NUMBER,
    LIKE,
    LEVEL,
    SLOT,
    NAME,
    NAME_END,
    PATH,
    LEAF_AT,
    FIRST,
  ] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17] as const;
  const V = 18;
  const name = (depth: Code): Code => add(shl(depth, i32(3)), i32(NAMES));
  const path = add(shl(get(NUMBER), i32(3)), load32(i32(PATHS)));
  const next = (place: number): Code => set(place, add(get(place), i32(1)));

  const hashName = [
    set(HASH, get(PREFIX)),
    set(NAME, get(START)),
    loop(
      leaveIf(geU(get(NAME), get(PLACE))),
      set(HASH, mul(xor(get(HASH), or(load8(get(NAME)), i32(HASH_CASE))), i32(HASH_FACTOR))),
      next(NAME),
      again(),
    ),
  ].flat();

  // The names on the way, joined by dots, against a path: 0 unlike, 1 alike but for case, 2 equal.
  const compare = [
    set(PATH, load32(path)),
    set(LIKE, i32(2)),
    set(LEVEL, i32(0)),
    loop(
      when(get(LEVEL), when(eqz(isAt(PATH, '.')), set(LIKE, i32(0))), next(PATH)),
      set(NAME, load32(name(get(LEVEL)))),
      set(NAME_END, load32(name(get(LEVEL)), 4)),
      loop(
        leaveIf(eqz(get(LIKE))),
        leaveIf(geU(get(NAME), get(NAME_END))),
        set(BITS, load8(get(NAME))),
        when(
          ne(get(BITS), load8(get(PATH))),
          // A capital made small: the path is in small letters.
          set(LIKE, eq(add(get(BITS), shl(ltU(sub(get(BITS), byte('A')), i32(26)), i32(5))), load8(get(PATH)))),
        ),
        next(NAME),
        next(PATH),
        again(),
      ),
      next(LEVEL),
      leaveIf(eqz(get(LIKE))),
      againIf(eqz(gtU(get(LEVEL), get(DEPTH)))),
    ),
    when(ne(get(PATH), load32(path, 4)), set(LIKE, i32(0))),
  ].flat();

  const note = [
    set(LEAF_AT, load32(i32(LEAF_COUNT))),
    when(geU(get(LEAF_AT), i32(MAX_LEAVES)), giveUp),
    store32(i32(LEAF_COUNT), add(get(LEAF_AT), i32(1))),
    set(LEAF_AT, mul(get(LEAF_AT), i32(LEAF))),
    store32(get(LEAF_AT), get(NUMBER), LEAVES),
    store32(get(LEAF_AT), sub(get(AT), i32(TEXT)), LEAVES + 4),
    store32(get(LEAF_AT), sub(get(TO), i32(TEXT)), LEAVES + 8),
    store32(get(LEAF_AT), load32(i32(COUNT)), LEAVES + 12),
    store32(get(LEAF_AT), eq(get(LIKE), i32(2)), LEAVES + 16),
  ].flat();

  const member = [
    set(TO, call(VALUE, get(AT), add(get(DEPTH), i32(1)))),
    when(ltS(get(TO), i32(0)), giveBack(get(TO))),
    when(
      eqz(and(eq(get(FIRST), byte('n')), load32(i32(SKIP_NULL)))),
      set(SLOT, and(get(HASH), load32(i32(TABLE_MASK)))),
      loop(
        set(NUMBER, load32(shl(get(SLOT), i32(3)), TABLE + 4)),
        leaveIf(eqz(get(NUMBER))),
        when(
          eq(load32(shl(get(SLOT), i32(3)), TABLE), get(HASH)),
          set(NUMBER, sub(get(NUMBER), i32(1))),
          compare,
          when(get(LIKE), note),
          leave(1),
        ),
        set(SLOT, and(add(get(SLOT), i32(1)), load32(i32(TABLE_MASK)))),
        again(),
      ),
      store32(i32(COUNT), add(load32(i32(COUNT)), i32(1))),
    ),
    set(AT, get(TO)),
  ].flat();

  const body = [
    when(geU(get(DEPTH), i32(MAX_DEPTH)), fail),
    set(END, load32(i32(TEXT_END))),
    next(AT),
    skipSpace(AT, END),
    when(isAt(AT, '}'), when(ltU(get(AT), get(END)), giveBack(add(get(AT), i32(1))))),
    loop(
      failUnless(AT, END, '"'),
      set(START, add(get(AT), i32(1))),
      set(PLACE, get(START)),
      skipPlain(PLACE, BITS, V),
      when(geU(get(PLACE), get(END)), fail),
      when(eqz(isAt(PLACE, '"')), giveUp),
      hashName,
      store32(name(get(DEPTH)), get(START)),
      store32(name(get(DEPTH)), get(PLACE), 4),
      set(AT, add(get(PLACE), i32(1))),
      skipSpace(AT, END),
      failUnless(AT, END, ':'),
      next(AT),
      skipSpace(AT, END),
      when(geU(get(AT), get(END)), fail),
      set(FIRST, load8(get(AT))),
      whenElse(
        eq(get(FIRST), byte('{')),
        [
          set(AT, call(OBJECT, get(AT), add(get(DEPTH), i32(1)), mul(xor(get(HASH), byte('.')), i32(HASH_FACTOR)))),
          when(ltS(get(AT), i32(0)), giveBack(get(AT))),
        ],
        [member],
      ),
      skipSpace(AT, END),
      when(geU(get(AT), get(END)), fail),
      set(FIRST, load8(get(AT))),
      next(AT),
      when(eq(get(FIRST), byte('}')), giveBack(get(AT))),
      when(ne(get(FIRST), byte(',')), fail),
      skipSpace(AT, END),
      again(),
    ),
    i32(FAILED),
  ];
  return { name: 'object', parameters: 3, locals: 15, vectors: 1, body: body.flat() };
}

/** The place behind a value that is no object of fields. */
function valueFunction() {
  const [AT, DEPTH, FIRST, PLACE, START] = [0, 1, 2, 3, 4] as const;
  const digits = loop(
    leaveIf(gtU(sub(load8(get(PLACE)), byte('0')), i32(9))),
    set(PLACE, add(get(PLACE), i32(1))),
    again(),
  );
  const body = [
    when(geU(get(AT), load32(i32(TEXT_END))), fail),
    set(FIRST, load8(get(AT))),
    when(eq(get(FIRST), byte('"')), giveBack(call(STRING, get(AT)))),
    when(
      or(eq(get(FIRST), byte('-')), ltU(sub(get(FIRST), byte('0')), i32(10))),
      set(PLACE, add(get(AT), eq(get(FIRST), byte('-')))),
      set(START, get(PLACE)),
      digits,
      when(eq(get(PLACE), get(START)), giveUp),
      when(isAt(PLACE, '.'), set(PLACE, add(get(PLACE), i32(1))), digits),
      // An exponent, perhaps; what is very long is cut.
      when(eq(or(load8(get(PLACE)), i32(0x20)), byte('e')), giveUp),
      when(gtU(sub(get(PLACE), get(AT)), i32(63)), giveUp),
      giveBack(get(PLACE)),
    ),
    when(eq(get(FIRST), byte('[')), giveBack(call(ARRAY, get(AT), get(DEPTH)))),
    when(eq(get(FIRST), byte('{')), giveBack(call(INNER_OBJECT, get(AT), get(DEPTH)))),
    when(eq(load32(get(AT)), word('null')), giveBack(add(get(AT), i32(4)))),
    when(eq(load32(get(AT)), word('true')), giveBack(add(get(AT), i32(4)))),
    when(eq(load32(get(AT)), word('fals')), when(eq(load8(get(AT), 4), byte('e')), giveBack(add(get(AT), i32(5))))),
    i32(FAILED),
  ];
  return { name: 'value', parameters: 2, locals: 3, vectors: 0, body: body.flat() };
}

const word = (letters: string): Code => i32(Buffer.from(letters, 'latin1').readInt32LE());

/** The place behind a string; `AT` is its first quote. */
function stringFunction() {
  const [AT, END, BITS, V] = [0, 1, 2, 3] as const;
  const body = [
    set(END, load32(i32(TEXT_END))),
    set(AT, add(get(AT), i32(1))),
    loop(
      skipPlain(AT, BITS, V),
      when(geU(get(AT), get(END)), fail),
      set(BITS, load8(get(AT))),
      when(eq(get(BITS), byte('"')), giveBack(add(get(AT), i32(1)))),
      when(eqz(get(BITS)), giveUp),
      set(AT, add(get(AT), i32(1))),
      when(geU(get(AT), get(END)), fail),
      when(eqz(load8(load8(get(AT)), ESCAPES)), giveUp),
      set(AT, add(get(AT), i32(1))),
      again(),
    ),
    i32(FAILED),
  ];
  return { name: 'string', parameters: 1, locals: 2, vectors: 1, body: body.flat() };
}

function arrayFunction() {
  const [AT, DEPTH, END, BYTE] = [0, 1, 2, 3] as const;
  const body = [
    when(geU(get(DEPTH), i32(MAX_DEPTH)), fail),
    set(END, load32(i32(TEXT_END))),
    set(AT, add(get(AT), i32(1))),
    skipSpace(AT, END),
    when(isAt(AT, ']'), when(ltU(get(AT), get(END)), giveBack(add(get(AT), i32(1))))),
    loop(
      skipSpace(AT, END),
      when(ltS(tee(AT, call(VALUE, get(AT), add(get(DEPTH), i32(1)))), i32(0)), giveBack(get(AT))),
      skipSpace(AT, END),
      when(geU(get(AT), get(END)), fail),
      set(BYTE, load8(get(AT))),
      set(AT, add(get(AT), i32(1))),
      when(eq(get(BYTE), byte(']')), giveBack(get(AT))),
      when(ne(get(BYTE), byte(',')), fail),
      again(),
    ),
    i32(FAILED),
  ];
  return { name: 'array', parameters: 2, locals: 2, vectors: 0, body: body.flat() };
}

/** An object inside an array: its members are no fields. */
function innerFunction() {
  const [AT, DEPTH, END, BYTE] = [0, 1, 2, 3] as const;
  const body = [
    when(geU(get(DEPTH), i32(MAX_DEPTH)), fail),
    set(END, load32(i32(TEXT_END))),
    set(AT, add(get(AT), i32(1))),
    skipSpace(AT, END),
    when(isAt(AT, '}'), when(ltU(get(AT), get(END)), giveBack(add(get(AT), i32(1))))),
    loop(
      failUnless(AT, END, '"'),
      when(ltS(tee(AT, call(STRING, get(AT))), i32(0)), giveBack(get(AT))),
      skipSpace(AT, END),
      failUnless(AT, END, ':'),
      set(AT, add(get(AT), i32(1))),
      skipSpace(AT, END),
      when(ltS(tee(AT, call(VALUE, get(AT), add(get(DEPTH), i32(1)))), i32(0)), giveBack(get(AT))),
      skipSpace(AT, END),
      when(geU(get(AT), get(END)), fail),
      set(BYTE, load8(get(AT))),
      set(AT, add(get(AT), i32(1))),
      when(eq(get(BYTE), byte('}')), giveBack(get(AT))),
      when(ne(get(BYTE), byte(',')), fail),
      skipSpace(AT, END),
      again(),
    ),
    i32(FAILED),
  ];
  return { name: 'inner', parameters: 2, locals: 2, vectors: 0, body: body.flat() };
}
