import type { FileHandle } from 'node:fs/promises';
import type { Checkpoint } from './checkpoint.ts';
import { type Digest, digest, type Head } from './fingerprint.ts';

/** A file that was just found, open and with its first bytes read. */
export interface FoundFile {
  key: string;
  path: string;
  size: number;
  handle: FileHandle;
  head: Head;
}

const MAX_KNOWN = 20_000;
const MAX_FORMER = 1024;
const MAX_FORMER_OF_ONE = 16;
const FORGET_AFTER_MS = 7 * 24 * 3_600_000;

/**
 * Checkpoints that belong to no open file: those of an earlier run whose file was not found again yet, those of files
 * that were left, and the last state before a truncation, which a copy made by `copytruncate` continues.
 */
export class KnownFiles {
  readonly #byKey = new Map<string, Checkpoint>();
  readonly #former: Checkpoint[] = [];
  readonly #fingerprintSize: number;

  constructor(fingerprintSize: number) {
    this.#fingerprintSize = fingerprintSize;
  }

  add(checkpoint: Checkpoint): void {
    this.#byKey.delete(checkpoint.key);
    this.#byKey.set(checkpoint.key, checkpoint);
  }

  /** The state of a file just before its content was replaced; returns those that had to make room. */
  addFormer(checkpoint: Checkpoint): Checkpoint[] {
    const ofOne = this.#former.filter(({ key }) => key === checkpoint.key);
    const oldest = ofOne.length >= MAX_FORMER_OF_ONE ? ofOne[0] : this.#former.length >= MAX_FORMER && this.#former[0];
    this.#former.push(checkpoint);
    return oldest && this.removeFormer(oldest) ? [oldest] : [];
  }

  /** False where it is none. */
  removeFormer(checkpoint: Checkpoint): boolean {
    const index = this.#former.indexOf(checkpoint);
    if (index >= 0) this.#former.splice(index, 1);
    return index >= 0;
  }

  remove(key: string): void {
    this.#byKey.delete(key);
  }

  get(key: string): Checkpoint | undefined {
    return this.#byKey.get(key);
  }

  values(): Iterable<Checkpoint> {
    return this.#byKey.values();
  }

  withPath(path: string): Checkpoint | undefined {
    for (const checkpoint of this.#byKey.values()) if (checkpoint.path === path) return checkpoint;
    return undefined;
  }

  /** What to delete from the store: files nobody has seen for a week, and the oldest where there are too many. */
  expire(now: number): { keys: string[]; formers: Checkpoint[] } {
    const expired: string[] = [];
    const formers = this.#former.filter(({ time }) => now - time > FORGET_AFTER_MS);
    for (const former of formers) this.removeFormer(former);
    for (const [key, checkpoint] of this.#byKey) {
      if (now - checkpoint.time > FORGET_AFTER_MS || this.#byKey.size > MAX_KNOWN) {
        this.#byKey.delete(key);
        expired.push(key);
      }
    }
    return { keys: expired, formers };
  }

  /**
   * The checkpoint that the file continues. Same device and inode, or same inode where devices were numbered anew: any
   * fingerprint counts. Else the content alone must tell, and that takes a fingerprint of full size: short files with
   * equal first lines are different files.
   */
  async find(file: FoundFile): Promise<Checkpoint | undefined> {
    const same = this.#byKey.get(file.key);
    if (same && (await continues(file, same))) return same;
    const inode = file.key.slice(file.key.indexOf(':'));
    for (const candidate of [...this.#former.toReversed(), ...this.#byKey.values()]) {
      const whole = candidate.fingerprint.head.size >= this.#fingerprintSize;
      const renumbered = candidate.key.endsWith(inode) && candidate.key !== file.key && candidate.offset > 0;
      if ((whole || renumbered) && (await continues(file, candidate))) return candidate;
    }
    return undefined;
  }
}

/** Whether a file holds what was read up to the checkpoint, so that reading may go on there. */
export async function continues(file: FoundFile, checkpoint: Checkpoint): Promise<boolean> {
  const { head, tail } = checkpoint.fingerprint;
  if (checkpoint.moved || checkpoint.offset > file.size) return false;
  // Longer than what was read of this file where `fingerprint_size` was larger once.
  const same = head.size > file.head.bytes.length ? await holds(file.handle, head, 0) : file.head.startsWith(head);
  if (!same) return false;
  return holds(file.handle, tail, checkpoint.offset - tail.size);
}

/** Whether the bytes from `position` on are those of the digest. */
export async function holds(handle: FileHandle, expected: Digest, position: number): Promise<boolean> {
  if (expected.size === 0) return true;
  const bytes = Buffer.allocUnsafe(expected.size);
  const { bytesRead } = await handle.read(bytes, 0, expected.size, position);
  return bytesRead === expected.size && digest(bytes) === expected.hash;
}
