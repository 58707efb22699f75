/**
 * FNV-1a over bytes without the bit that tells small letters from capitals: texts that differ in ASCII case alone have one
 * hash, and it can be made piece by piece. Some other bytes that differ in that bit are alike, too.
 */
export const HASH_START = 0x811c9dc5 | 0;
export const HASH_CASE = 0x20;
export const HASH_FACTOR = 0x01000193;

export function addToHash(hash: number, byte: number): number {
  return Math.imul(hash ^ (byte | HASH_CASE), HASH_FACTOR);
}

export function hashFolded(text: string): number {
  let hash = HASH_START;
  for (let index = 0; index < text.length; index++) hash = addToHash(hash, text.charCodeAt(index));
  return hash;
}
