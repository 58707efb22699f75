/** Kinds of values on the way between threads. */
export const Tag = {
  null: 0,
  text: 1,
  word: 2,
  number: 3,
  long: 4,
  /** As decimal digits: does not fit into 64 bits. */
  bigint: 5,
  true: 6,
  false: 7,
  bytes: 8,
  list: 9,
  map: 10,
} as const;

/** Texts that have a number on one channel; the rest is sent in full every time. */
export const MAX_WORDS = 16_384;
export const MAX_WORD = 1024;
