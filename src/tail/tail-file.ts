import type { FileHandle } from 'node:fs/promises';
import type { Checkpoint } from './checkpoint.ts';
import { type Digest, digest, digestOf, TAIL_SIZE } from './fingerprint.ts';

const EMPTY = Buffer.alloc(0);

/** What the event identities of one receiver's files have in common. */
export interface IdentityBase {
  /** Names host and receiver. */
  readonly prefix: string;
  readonly fingerprintSize: number;
}

/** One file that is read, from the moment it is found until it is left. */
export class TailFile {
  /** `DEV:INO`, unique among the files that exist at a time. */
  readonly key: string;
  /** Under this path it was found first; stays after a rename, so that lines keep their location. */
  readonly path: string;
  /** The path without a `.1` that rotation put behind it: files that continue each other share it. */
  readonly lineage: string;
  /** Under this path it was last seen. */
  currentPath: string;
  handle: FileHandle | undefined;
  size: number;
  mtimeNs: bigint;
  birthtimeNs = 0n;
  /** Next byte to be read as the start of a line, or as the rest of one that is skipped. */
  position = 0;
  generation = 0;
  skipping = false;
  /** The part of a line that was flushed before its end came; a newline that follows at once ends it. */
  flushed = false;
  /** Epoch milliseconds since when an unfinished line lies behind `position`, and the file's size then. */
  partialSince: number | undefined;
  partialSize = 0;
  /** Since when no path leads to it any more. */
  missingSince: number | undefined;
  /** It is known that no path in its folder leads to it, and it is not open. */
  gone = false;
  /**
   * Its content was replaced, and what came before it may lie in a copy that could not be looked for yet: since when, and
   * at which look.
   */
  heldSince: number | undefined;
  heldAtLook = 0;
  lastGrowth: number;
  /** There is more to read than one turn allowed. */
  more = false;
  /** The checkpoint in the store is out of date. */
  dirty = true;
  /** First bytes, as far as they are there. */
  head: Buffer = EMPTY;
  /** Up to 256 bytes before `position`. */
  tail: Buffer = EMPTY;
  readonly #base: IdentityBase;
  #identity: string | undefined;
  #headDigest: Digest | undefined;

  constructor(key: string, path: string, base: IdentityBase, size: number, mtimeNs: bigint, now: number) {
    this.key = key;
    this.path = path;
    this.lineage = path.replace(/\.\d{1,4}$/, '');
    this.currentPath = path;
    this.#base = base;
    this.size = size;
    this.mtimeNs = mtimeNs;
    this.lastGrowth = now;
  }

  /**
   * Identity of the event that starts at `offset` and ends before `end`: the same after a restart, a rename or when the
   * file has grown, because only bytes that were there with the event go into it.
   */
  identityAt(offset: number, end: number): string {
    const { prefix, fingerprintSize } = this.#base;
    const size = Math.min(end, fingerprintSize);
    if (size < fingerprintSize || this.head.length < fingerprintSize) return `${this.#hash(prefix, size)}:${offset}`;
    this.#identity ??= this.#hash(prefix, size);
    return `${this.#identity}:${offset}`;
  }

  #hash(prefix: string, size: number): string {
    const inode = this.key.slice(this.key.indexOf(':') + 1);
    return digest(`${prefix}\0${inode}\0${this.generation}\0`, this.head.subarray(0, size));
  }

  /** Keeps the bytes before `position`, by which a truncation is noticed even if the file has grown again. */
  rememberTail(bytes: Buffer): void {
    this.tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - TAIL_SIZE)));
  }

  /** The file was truncated or overwritten: all that is known of its content is void. */
  restart(): void {
    this.position = 0;
    this.generation += 1;
    this.skipping = false;
    this.flushed = false;
    this.partialSince = undefined;
    this.head = EMPTY;
    this.tail = EMPTY;
    this.#identity = undefined;
    this.#headDigest = undefined;
    this.dirty = true;
  }

  resume(checkpoint: Checkpoint): void {
    this.position = checkpoint.offset;
    this.generation = checkpoint.generation;
    this.skipping = checkpoint.skipping;
  }

  checkpoint(pending: number[], state: string, time: number): Checkpoint {
    if (this.#headDigest?.size !== this.head.length) this.#headDigest = digestOf(this.head);
    return {
      key: this.key,
      path: this.path,
      offset: this.position,
      fingerprint: { head: this.#headDigest, tail: digestOf(this.tail) },
      generation: this.generation,
      skipping: this.skipping,
      pending,
      left: false,
      state,
      time,
    };
  }

  async close(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    await handle?.close().catch(() => {});
  }
}
