/** More bytes than this tell no more. */
export const MAX_LEADING = 12;

/** Of several alternatives any may match: what one of them wants of each byte, as far as all of them want something. */
export function joinLeading(alternatives: readonly (readonly Uint8Array[])[]): Uint8Array[] {
  const length = Math.min(...alternatives.map((sets) => sets.length));
  return Array.from({ length }, (_, place) => {
    const joined = new Uint8Array(256);
    for (const sets of alternatives) {
      const set = sets[place]!;
      for (let byte = 0; byte < 256; byte++) joined[byte]! |= set[byte]!;
    }
    return joined;
  });
}
