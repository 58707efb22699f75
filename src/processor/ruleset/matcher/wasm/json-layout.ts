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
