import { HASH_CASE, HASH_FACTOR } from '../hash.ts';
import {
  add,
  again,
  againIf,
  and,
  type Code,
  call,
  eq,
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
  loop,
  ltS,
  ltU,
  mul,
  ne,
  or,
  set,
  shl,
  store32,
  sub,
  when,
  whenElse,
  xor,
} from './assembler.ts';
import {
  COUNT,
  FAILED,
  LEAF,
  LEAF_COUNT,
  LEAVES,
  MAX_LEAVES,
  NAMES,
  OBJECT,
  PATHS,
  SKIP_NULL,
  TABLE,
  TABLE_MASK,
  TEXT,
  VALUE,
} from './json-layout.ts';
import { byte, closeOrGoOn, enter, fail, failUnless, giveUp, isAt, next, skipPlain, skipSpace } from './json-pieces.ts';

/** Walks over an object whose members are fields, and notes where those of known paths lie. */
export function objectFunction() {
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
    enter(AT, DEPTH, END, '}'),
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
      closeOrGoOn(AT, END, FIRST, '}'),
      skipSpace(AT, END),
      again(),
    ),
    i32(FAILED),
  ];
  return { name: 'object', parameters: 3, locals: 15, vectors: 1, body: body.flat() };
}
