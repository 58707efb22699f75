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
  eq,
  eq8,
  eqz,
  get,
  geU,
  gtU,
  i32,
  lane32,
  leaveIf,
  load8S,
  load16,
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

/** Where the text lies: some bytes before it may be read. */
export const TEXT = 128;
/** Longest text. */
export const CAPACITY = 65536;
/** What is read behind the text is no part of it, but has to be there. */
const BEHIND = 64;
/** Windows that are compared together, and those of them that are left: where in the text, and the address of an entry. */
const QUEUE = TEXT + CAPACITY + BEHIND;
const QUEUED = 512;
const LEFT = QUEUE + QUEUED * 8;
export const FILTER = LEFT + QUEUED * 8;

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

/**
 * An entry is all that is needed to refuse most windows, in one piece of memory: two times four bytes of the literal,
 * where they lie from the window on (a signed byte each), the window's offset in the literal, the literal's length and
 * its number (two bytes each). The length's highest bit says that the next entry is asked, too.
 */
export const ENTRY = 16;
export const FIRST = 0;
export const SECOND = 4;
export const FIRST_AT = 8;
export const SECOND_AT = 9;
export const OFFSET = 10;
export const SIZE = 12;
export const ID = 14;
export const MORE = 0x8000;

const K = 0x9e3779b1 | 0;

/** The hash of a window's first three bytes. */
export function hashWindow(window: number, hashBits: number): number {
  return Math.imul(window << 8, K) >>> (32 - hashBits);
}

/** Returns the end of what it put behind `out`. */
export type Find = (
  length: number,
  mark: number,
  /** Of each part of the hash and class where its entries lie. */
  heads: number,
  /** Of each literal the mark of the text that it was found in last. */
  marks: number,
  /** Of each literal where its bytes lie. */
  starts: number,
  /** Where the numbers of those that are found go. */
  out: number,
) => number;

// Parameters and locals by number.
const LENGTH = 0;
const MARK = 1;
const HEADS = 2;
const MARKS = 3;
const STARTS = 4;
const OUT = 5;
const AT = 6;
const END = 7;
const WINDOW = 8;
const ENTRY_AT = 9;
const ID_AT = 10;
const PLACE = 11;
const BYTES = 12;
const REST = 13;
const NEXT_OUT = 14;
const BLOCK = 15;
const HITS = 16;
const QUEUE_END = 17;
const LEFT_END = 18;
const ITEM = 19;
const V = 20;
const W = 21;

/**
 * Makes the text's letters small, then looks at four bytes at every second place: what a table knows of their first three
 * is a byte, one bit for each class of the fourth. Where the bit is set the literals are compared whose window that may
 * be. They are marked, their numbers put behind `out`.
 */
export function assembleFind(hashBits: number): Uint8Array<ArrayBuffer> {
  return assemble([
    { name: 'find', parameters: 6, locals: 14, vectors: 2, body: [foldText(), scan(hashBits), get(NEXT_OUT)].flat() },
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

/**
 * Goes over the text by 64 bytes: 32 windows, one bit for each that may be that of a literal. Those are put into a queue
 * and compared together: hardly a branch depends on what is far away in memory, so that the processor need not wait.
 */
function scan(hashBits: number): Code {
  return [
    set(BLOCK, i32(TEXT)),
    set(NEXT_OUT, get(OUT)),
    set(QUEUE_END, i32(QUEUE)),
    loop(
      set(HITS, or(hits(0, hashBits), shl(hits(32, hashBits), i32(16)))),
      loop(
        leaveIf(eqz(get(HITS))),
        set(AT, add(get(BLOCK), shl(ctz(get(HITS)), i32(1)))),
        set(HITS, and(get(HITS), sub(get(HITS), i32(1)))),
        set(WINDOW, load32(get(AT))),
        store32(get(QUEUE_END), get(AT)),
        store32(get(QUEUE_END), firstEntry(hashBits), 4),
        set(QUEUE_END, add(get(QUEUE_END), i32(8))),
        again(),
      ),
      set(BLOCK, add(get(BLOCK), i32(64))),
      when(
        or(geU(get(BLOCK), get(END)), gtU(get(QUEUE_END), i32(QUEUE + (QUEUED - 32) * 8))),
        compareQueued(),
        set(QUEUE_END, i32(QUEUE)),
      ),
      againIf(ltU(get(BLOCK), get(END))),
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

function firstEntry(hashBits: number): Code {
  const hash = shrU(mul(shl(get(WINDOW), i32(8)), i32(K)), i32(32 - hashBits + HASH_CUT));
  const head = or(shl(hash, i32(3)), and(shrU(get(WINDOW), i32(24)), i32(7)));
  return load32(add(shl(head, i32(2)), get(HEADS)));
}

function compareQueued(): Code {
  return [
    set(LEFT_END, i32(LEFT)),
    set(ITEM, i32(QUEUE)),
    loop(
      leaveIf(geU(get(ITEM), get(QUEUE_END))),
      set(AT, load32(get(ITEM))),
      set(ENTRY_AT, load32(get(ITEM), 4)),
      store32(get(LEFT_END), get(AT)),
      store32(get(LEFT_END), get(ENTRY_AT), 4),
      set(LEFT_END, add(get(LEFT_END), shl(and(holds(FIRST, FIRST_AT), holds(SECOND, SECOND_AT)), i32(3)))),
      loop(
        leaveIf(eqz(and(load16(get(ENTRY_AT), SIZE), i32(MORE)))),
        set(ENTRY_AT, add(get(ENTRY_AT), i32(ENTRY))),
        when(and(holds(FIRST, FIRST_AT), holds(SECOND, SECOND_AT)), compareOne()),
        again(),
      ),
      set(ITEM, add(get(ITEM), i32(8))),
      again(),
    ),
    set(ITEM, i32(LEFT)),
    loop(
      leaveIf(geU(get(ITEM), get(LEFT_END))),
      set(AT, load32(get(ITEM))),
      set(ENTRY_AT, load32(get(ITEM), 4)),
      compareOne(),
      set(ITEM, add(get(ITEM), i32(8))),
      again(),
    ),
  ].flat();
}

/** Whether four bytes of the entry are those of the text. */
function holds(bytes: number, at: number): Code {
  return eq(load32(get(ENTRY_AT), bytes), load32(add(get(AT), load8S(get(ENTRY_AT), at))));
}

function compareOne(): Code {
  return [
    set(ID_AT, shl(load16(get(ENTRY_AT), ID), i32(2))),
    when(
      ne(load32(add(get(MARKS), get(ID_AT))), get(MARK)),
      set(PLACE, sub(get(AT), load16(get(ENTRY_AT), OFFSET))),
      set(REST, and(load16(get(ENTRY_AT), SIZE), i32(MORE - 1))),
      // The literal has to lie in the text; a place before it is a large number once its start is taken off.
      when(
        ltU(sub(get(PLACE), i32(TEXT)), get(LENGTH)),
        when(
          eqz(gtU(add(sub(get(PLACE), i32(TEXT)), get(REST)), get(LENGTH))),
          set(BYTES, load32(add(get(STARTS), get(ID_AT)))),
          compareBytes(),
          when(
            eqz(get(REST)),
            store32(add(get(MARKS), get(ID_AT)), get(MARK)),
            store32(get(NEXT_OUT), load16(get(ENTRY_AT), ID)),
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
