import { crc32 } from 'node:zlib';

/** Covers the key too: a flipped bit there would give one entry's value to another. */
export function stateChecksum(namespace: string, key: string, value: Uint8Array): number {
  return crc32(value, crc32(`${namespace}\0${key}`));
}

export function itemChecksum(rowid: number, payload: Uint8Array): number {
  return crc32(payload, crc32(String(rowid)));
}
