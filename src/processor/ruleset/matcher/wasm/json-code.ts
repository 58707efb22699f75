import {
  add,
  again,
  assemble,
  type Code,
  call,
  eq,
  eqz,
  get,
  geU,
  giveBack,
  gtU,
  i32,
  leaveIf,
  load8,
  load32,
  loop,
  ltU,
  or,
  set,
  splat8,
  store32,
  store128,
  sub,
  when,
} from './assembler.ts';
import {
  ARRAY,
  COUNT,
  ESCAPES,
  FAILED,
  INNER_OBJECT,
  LEAF_COUNT,
  OBJECT,
  SKIP_NULL,
  STRING,
  TEXT,
  TEXT_END,
  VALUE,
} from './json-layout.ts';
import { objectFunction } from './json-object-code.ts';
import {
  byte,
  closeOrGoOn,
  enter,
  fail,
  failUnless,
  giveUp,
  goBehind,
  isAt,
  next,
  skipPlain,
  skipSpace,
} from './json-pieces.ts';

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

/** The place behind a value that is no object of fields. */
function valueFunction() {
  const [AT, DEPTH, FIRST, PLACE, START] = [0, 1, 2, 3, 4] as const;
  const digits = loop(leaveIf(gtU(sub(load8(get(PLACE)), byte('0')), i32(9))), next(PLACE), again());
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
      when(isAt(PLACE, '.'), next(PLACE), digits),
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
    next(AT),
    loop(
      skipPlain(AT, BITS, V),
      when(geU(get(AT), get(END)), fail),
      set(BITS, load8(get(AT))),
      when(eq(get(BITS), byte('"')), giveBack(add(get(AT), i32(1)))),
      when(eqz(get(BITS)), giveUp),
      next(AT),
      when(geU(get(AT), get(END)), fail),
      when(eqz(load8(load8(get(AT)), ESCAPES)), giveUp),
      next(AT),
      again(),
    ),
    i32(FAILED),
  ];
  return { name: 'string', parameters: 1, locals: 2, vectors: 1, body: body.flat() };
}

function arrayFunction() {
  const [AT, DEPTH, END, BYTE] = [0, 1, 2, 3] as const;
  const body = [
    enter(AT, DEPTH, END, ']'),
    loop(
      skipSpace(AT, END),
      goBehind(AT, call(VALUE, get(AT), add(get(DEPTH), i32(1)))),
      closeOrGoOn(AT, END, BYTE, ']'),
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
    enter(AT, DEPTH, END, '}'),
    loop(
      failUnless(AT, END, '"'),
      goBehind(AT, call(STRING, get(AT))),
      skipSpace(AT, END),
      failUnless(AT, END, ':'),
      next(AT),
      skipSpace(AT, END),
      goBehind(AT, call(VALUE, get(AT), add(get(DEPTH), i32(1)))),
      closeOrGoOn(AT, END, BYTE, '}'),
      skipSpace(AT, END),
      again(),
    ),
    i32(FAILED),
  ];
  return { name: 'inner', parameters: 2, locals: 2, vectors: 0, body: body.flat() };
}
