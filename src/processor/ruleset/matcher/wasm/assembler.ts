/**
 * Enough of the WebAssembly binary format for functions over 32-bit numbers and one memory. Code is made of nested calls,
 * operands first, as it runs: `add(get(a), i32(1))`.
 */
export type Code = readonly number[];

export interface WasmFunction {
  readonly name: string;
  /** All parameters and locals are 32-bit numbers; parameters come first, and the one result is left on the stack. */
  readonly parameters: number;
  readonly locals: number;
  readonly body: Code;
}

const I32 = 0x7f;
const V128 = 0x7b;
const VOID = 0x40;

export const get = (local: number): Code => [0x20, local];
export const set = (local: number, value: Code): Code => [...value, 0x21, local];
/** Sets the local and leaves the value. */
export const tee = (local: number, value: Code): Code => [...value, 0x22, local];
export const i32 = (value: number): Code => [0x41, ...signed(value)];

export const add = (one: Code, other: Code): Code => [...one, ...other, 0x6a];
export const sub = (one: Code, other: Code): Code => [...one, ...other, 0x6b];
export const mul = (one: Code, other: Code): Code => [...one, ...other, 0x6c];
export const and = (one: Code, other: Code): Code => [...one, ...other, 0x71];
export const xor = (one: Code, other: Code): Code => [...one, ...other, 0x73];
export const shl = (one: Code, bits: Code): Code => [...one, ...bits, 0x74];
export const shrU = (one: Code, bits: Code): Code => [...one, ...bits, 0x76];
export const or = (one: Code, other: Code): Code => [...one, ...other, 0x72];
/** How many of the lowest bits are 0. */
export const ctz = (value: Code): Code => [...value, 0x68];
export const eqz = (value: Code): Code => [...value, 0x45];
export const eq = (one: Code, other: Code): Code => [...one, ...other, 0x46];
export const ne = (one: Code, other: Code): Code => [...one, ...other, 0x47];
export const ltS = (one: Code, other: Code): Code => [...one, ...other, 0x48];
export const ltU = (one: Code, other: Code): Code => [...one, ...other, 0x49];
export const gtU = (one: Code, other: Code): Code => [...one, ...other, 0x4b];
export const geU = (one: Code, other: Code): Code => [...one, ...other, 0x4f];

/** Any address; aligned ones are no faster. */
export const load32 = (address: Code, offset = 0): Code => [...address, 0x28, 0, ...unsigned(offset)];
export const load8S = (address: Code, offset = 0): Code => [...address, 0x2c, 0, ...unsigned(offset)];
export const load16 = (address: Code, offset = 0): Code => [...address, 0x2f, 0, ...unsigned(offset)];
export const load8 = (address: Code, offset = 0): Code => [...address, 0x2d, 0, ...unsigned(offset)];
export const store32 = (address: Code, value: Code, offset = 0): Code => [
  ...address,
  ...value,
  0x36,
  0,
  ...unsigned(offset),
];

/** `body` over and over while it ends in `again`, and out of it with `leave`. */
export const loop = (...body: Code[]): Code => [0x02, VOID, 0x03, VOID, ...body.flat(), 0x0b, 0x0b];
/** `depth`: how many `when` and `loop` (each of which counts twice) lie between here and the loop. */
export const again = (depth = 0): Code => [0x0c, depth];
export const againIf = (condition: Code, depth = 0): Code => [...condition, 0x0d, depth];
export const leave = (depth = 0): Code => [0x0c, depth + 1];
export const leaveIf = (condition: Code, depth = 0): Code => [...condition, 0x0d, depth + 1];
export const when = (condition: Code, ...body: Code[]): Code => [...condition, 0x04, VOID, ...body.flat(), 0x0b];
export const whenElse = (condition: Code, then: readonly Code[], otherwise: readonly Code[]): Code => [
  ...condition,
  0x04,
  VOID,
  ...then.flat(),
  0x05,
  ...otherwise.flat(),
  0x0b,
];
/** Calls a function by its place among those of the module. */
export const call = (index: number, ...values: Code[]): Code => [...values.flat(), 0x10, ...unsigned(index)];
export const giveBack = (value: Code): Code => [...value, 0x0f];

// Vectors of sixteen bytes.
const simd = (operation: number, ...operands: Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(operation)];
export const load128 = (address: Code, offset = 0): Code => [...simd(0, address), 0, ...unsigned(offset)];
export const store128 = (address: Code, value: Code, offset = 0): Code => [
  ...simd(11, address, value),
  0,
  ...unsigned(offset),
];
export const constant128 = (bytes: readonly number[]): Code => [...simd(12), ...bytes];
export const splat8 = (value: number): Code => simd(15, i32(value));
/** Bytes of `one` (0 to 15) and `other` (16 to 31) as `lanes` says. */
export const shuffle8 = (one: Code, other: Code, lanes: readonly number[]): Code => [...simd(13, one, other), ...lanes];
/** Of every byte of `places`: what stands in `table` there. */
export const lookUp8 = (table: Code, places: Code): Code => simd(14, table, places);
export const eq8 = (one: Code, other: Code): Code => simd(35, one, other);
export const ltU8 = (one: Code, other: Code): Code => simd(38, one, other);
export const and128 = (one: Code, other: Code): Code => simd(78, one, other);
export const or128 = (one: Code, other: Code): Code => simd(80, one, other);
/** The highest bit of each byte. */
export const bitmask8 = (value: Code): Code => simd(100, value);
export const sub8 = (one: Code, other: Code): Code => simd(113, one, other);
export const shl32x4 = (value: Code, bits: number): Code => simd(171, value, i32(bits));
export const shrU32x4 = (value: Code, bits: number): Code => simd(173, value, i32(bits));
export const mul32x4 = (one: Code, other: Code): Code => simd(181, one, other);
export const splat32 = (value: number): Code => simd(17, i32(value));
export const lane32 = (value: Code, lane: number): Code => [...simd(27, value), lane];
/** `value` with the byte of one lane from the memory. */
export const loadLane8 = (address: Code, value: Code, offset: number, lane: number): Code => [
  ...simd(84, address, value),
  0,
  ...unsigned(offset),
  lane,
];

/** @param vectors locals of sixteen bytes, numbered behind the others */
export function assemble(functions: readonly (WasmFunction & { readonly vectors: number })[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [0x60, ...vector(new Array(parameters).fill([I32])), 1, I32]);
  const bodies = functions.map(({ locals, vectors, body }) => {
    const code = [2, ...unsigned(locals), I32, ...unsigned(vectors), V128, ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [[...text('env'), ...text('memory'), 2, 0, 1]]),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(
      7,
      functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]),
    ),
    ...section(10, bodies),
  ]);
}

function section(id: number, items: readonly Code[]): Code {
  const content = vector(items);
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(characters: string): Code {
  return [...unsigned(characters.length), ...Buffer.from(characters, 'latin1')];
}

/** LEB128 */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}
