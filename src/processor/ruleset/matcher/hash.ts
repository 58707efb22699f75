import { FOLD } from './ascii.ts';

/** FNV-1a over folded bytes: texts that differ in ASCII case alone have one hash, and it can be made piece by piece. */
export const HASH_START = 0x811c9dc5 | 0;

export function addToHash(hash: number, byte: number): number {
  return Math.imul(hash ^ FOLD[byte]!, 0x01000193);
}

export function hashFolded(text: string): number {
  let hash = HASH_START;
  for (let index = 0; index < text.length; index++) hash = addToHash(hash, text.charCodeAt(index));
  return hash;
}
