import { createHash } from 'node:crypto';

/** Bytes before an offset that are kept or hashed to see later whether they are still there. */
export const TAIL_SIZE = 256;

/** A digest of a stretch of a file. The bytes themselves are never stored: they may be secret. */
export interface Digest {
  /** Number of bytes. */
  size: number;
  hash: string;
}

/** 128 bits are plenty against accidents; whoever can choose a log's first bytes can also delete it. */
export function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('base64url').slice(0, 22);
}

export function digestOf(bytes: Uint8Array): Digest {
  return { size: bytes.length, hash: digest(bytes) };
}

/**
 * How a file is recognised: by its first bytes, and by those just before the offset up to which it was read. The first
 * alone would mistake a file that was truncated and has grown again behind the same header for the old one.
 */
export interface Fingerprint {
  head: Digest;
  tail: Digest;
}

/** First bytes of a file, and digests of its beginnings, each computed once. */
export class Head {
  readonly bytes: Buffer;
  readonly #hashes = new Map<number, string>();

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  startsWith(known: Digest): boolean {
    if (known.size > this.bytes.length) return false;
    let hash = this.#hashes.get(known.size);
    if (hash === undefined) {
      hash = digest(this.bytes.subarray(0, known.size));
      this.#hashes.set(known.size, hash);
    }
    return hash === known.hash;
  }
}

const MAGIC = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  [0x42, 0x5a, 0x68],
  [0x50, 0x4b, 0x03, 0x04],
  [0x04, 0x22, 0x4d, 0x18],
];

/** gzip, zstd, xz, bzip2, zip or lz4: what rotation leaves behind, and never lines. */
export function isCompressed(head: Uint8Array): boolean {
  return MAGIC.some((magic) => magic.every((byte, index) => head[index] === byte));
}
