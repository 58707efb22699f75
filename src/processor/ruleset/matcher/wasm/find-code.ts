import {
  add,
  again,
  againIf,
  and,
  and128,
  assemble,
  bitmask8,
  type Code,
  constant128,
  ctz,
  eq8,
  eqz,
  get,
  geU,
  gtU,
  i32,
  lane32,
  leaveIf,
  load32,
  load128,
  loadLane8,
  lookUp8,
  loop,
  ltU,
  ltU8,
  mul,
  mul32x4,
  ne,
  or,
  or128,
  set,
  shl,
  shl32x4,
  shrU,
  shrU32x4,
  shuffle8,
  splat8,
  splat32,
  store32,
  store128,
  sub,
  sub8,
  tee,
  when,
  xor,
} from './assembler.ts';

/** Where the text lies: nothing before it is read. */
export const TEXT = 64;
/** Longest text. */
export const CAPACITY = 65536;
/** What is read behind the text is no part of it, but has to be there. */
const BEHIND = 64;
export const FILTER = TEXT + CAPACITY + BEHIND;

/** One byte for each hash of three bytes: a bit for each class of the fourth. */
export const filterBytes = (hashBits: number): number => 1 << hashBits;
/** The fourth byte's lowest bits. */
export const CLASSES = 8;
export const classBit = (fourth: number): number => 1 << (fourth & 7);
/** Entries are found by a part of the hash and that class. */
const HASH_CUT = 4;
export const headBits = (hashBits: number): number => hashBits - HASH_CUT + 3;
export function headOf(window: number, hashBits: number): number {
  return ((hashWindow(window, hashBits) >>> HASH_CUT) << 3) | ((window >>> 24) & 7);
}

/** Of one entry: the window, the bits of it that count, its offset in the literal, and where the literal's record lies. */
export const ENTRY = 16;
/** Of one literal: where its bytes are, how many, the mark of the text that it was found in last, and its number. */
export const RECORD = 16;

const K = 0x9e3779b1 | 0;

/** The hash of a window's first three bytes. */
export function hashWindow(window: number, hashBits: number): number {
  return Math.imul(window << 8, K) >>> (32 - hashBits);
}

export type Find = (length: number, mark: number, heads: number, out: number) => number;

// Parameters and locals by number.
const LENGTH = 0;
const MARK = 1;
const HEADS = 2;
const OUT = 3;
const AT = 4;
const END = 5;
const WINDOW = 6;
const HEAD = 7;
const LAST = 8;
const RECORD_AT = 9;
const PLACE = 10;
const BYTES = 11;
const REST = 12;
const NEXT_OUT = 13;
const BLOCK = 14;
const HITS = 15;
const V = 16;
const W = 17;

/**
 * Makes the text's letters small, then looks at four bytes at every second place: what a table knows of their first three
 * is a byte, one bit for each class of the fourth. Where the bit is set the literals are compared whose window that may
 * be. Their record is marked, their number put behind `out`; returns where that ends.
 */
export function assembleFind(hashBits: number): Uint8Array<ArrayBuffer> {
  return assemble([
    { name: 'find', parameters: 4, locals: 12, vectors: 2, body: [foldText(), scan(hashBits), get(NEXT_OUT)].flat() },
  ]);
}

function foldText(): Code {
  return [
    set(AT, i32(TEXT)),
    set(END, add(get(LENGTH), i32(TEXT))),
    loop(
      set(V, load128(get(AT))),
      store128(get(AT), or128(get(V), and128(ltU8(sub8(get(V), splat8(65)), splat8(26)), splat8(32)))),
      againIf(ltU(tee(AT, add(get(AT), i32(16))), get(END))),
    ),
    ...[0, 16, 32, 48].map((offset) => store128(add(get(END), i32(offset)), splat8(0))),
  ].flat();
}

/** Goes over the text by 64 bytes: 32 windows, one bit for each that may be that of a literal. */
function scan(hashBits: number): Code {
  return [
    set(BLOCK, i32(TEXT)),
    set(NEXT_OUT, get(OUT)),
    loop(
      set(HITS, or(hits(0, hashBits), shl(hits(32, hashBits), i32(16)))),
      loop(
        leaveIf(eqz(get(HITS))),
        set(AT, add(get(BLOCK), shl(ctz(get(HITS)), i32(1)))),
        set(HITS, and(get(HITS), sub(get(HITS), i32(1)))),
        set(WINDOW, load32(get(AT))),
        compareAll(hashBits),
        again(),
      ),
      againIf(ltU(tee(BLOCK, add(get(BLOCK), i32(64))), get(END))),
    ),
  ].flat();
}

/** One bit for each window that begins at an even place of the 32 bytes from `offset` on. */
function hits(offset: number, hashBits: number): Code {
  const windows = [0, 8, 16, 24].map((place) => {
    const bytes = load128(get(BLOCK), offset + place);
    return shuffle8(bytes, bytes, [0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9]);
  });
  const hashes = windows.map((four) => shrU32x4(mul32x4(shl32x4(four, 8), splat32(K)), 32 - hashBits));
  const fourth = shuffle8(
    load128(get(BLOCK), offset + 3),
    load128(get(BLOCK), offset + 19),
    Array.from({ length: 16 }, (_, window) => window * 2),
  );
  return [
    set(V, splat8(0)),
    ...hashes.map((four, index) => [
      ...set(W, four),
      ...[0, 1, 2, 3].flatMap((lane) => set(V, loadLane8(lane32(get(W), lane), get(V), FILTER, index * 4 + lane))),
    ]),
    xor(
      bitmask8(eq8(and128(get(V), lookUp8(constant128(CLASS_BITS), and128(fourth, splat8(7)))), splat8(0))),
      i32(0xffff),
    ),
  ].flat();
}

/** The bit of each class of the fourth byte. */
const CLASS_BITS = Array.from({ length: 16 }, (_, byte) => classBit(byte));

/** Compares with all literals of the window's hash. */
function compareAll(hashBits: number): Code {
  const hash = shrU(mul(shl(get(WINDOW), i32(8)), i32(K)), i32(32 - hashBits + HASH_CUT));
  const slot = shl(or(shl(hash, i32(3)), and(shrU(get(WINDOW), i32(24)), i32(7))), i32(2));
  return [
    set(HEAD, add(slot, get(HEADS))),
    set(LAST, load32(get(HEAD), 4)),
    set(HEAD, load32(get(HEAD))),
    loop(
      leaveIf(geU(get(HEAD), get(LAST))),
      when(eqz(and(xor(get(WINDOW), load32(get(HEAD))), load32(get(HEAD), 4))), compareOne()),
      set(HEAD, add(get(HEAD), i32(ENTRY))),
      again(),
    ),
  ].flat();
}

function compareOne(): Code {
  return [
    set(RECORD_AT, load32(get(HEAD), 12)),
    when(
      ne(load32(get(RECORD_AT), 8), get(MARK)),
      set(PLACE, sub(get(AT), load32(get(HEAD), 8))),
      set(REST, load32(get(RECORD_AT), 4)),
      // The literal has to lie in the text; a place before it is a large number once its start is taken off.
      when(
        ltU(sub(get(PLACE), i32(TEXT)), get(LENGTH)),
        when(
          eqz(gtU(add(sub(get(PLACE), i32(TEXT)), get(REST)), get(LENGTH))),
          set(BYTES, load32(get(RECORD_AT))),
          compareBytes(),
          when(
            eqz(get(REST)),
            store32(get(RECORD_AT), get(MARK), 8),
            store32(get(NEXT_OUT), load32(get(RECORD_AT), 12)),
            set(NEXT_OUT, add(get(NEXT_OUT), i32(4))),
          ),
        ),
      ),
    ),
  ].flat();
}

/** Leaves `REST` at 0 where all are equal. Literals have at least four bytes: the last four may overlap those before. */
function compareBytes(): Code {
  return loop(
    leaveIf(xor(load32(get(PLACE)), load32(get(BYTES)))),
    set(REST, sub(get(REST), i32(4))),
    leaveIf(eqz(get(REST))),
    // Fewer than four are left: back so far that they are the last of four.
    when(
      ltU(get(REST), i32(4)),
      set(PLACE, sub(add(get(PLACE), get(REST)), i32(4))),
      set(BYTES, sub(add(get(BYTES), get(REST)), i32(4))),
      set(REST, i32(4)),
    ),
    set(PLACE, add(get(PLACE), i32(4))),
    set(BYTES, add(get(BYTES), i32(4))),
    again(),
  );
}
