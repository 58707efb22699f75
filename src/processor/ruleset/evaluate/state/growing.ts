/** The same numbers with room for more. */
export function growInts(numbers: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(capacity);
  grown.set(numbers);
  return grown;
}

/** The same numbers with room for more. */
export function growFloats(numbers: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(capacity);
  grown.set(numbers);
  return grown;
}
