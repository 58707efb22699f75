import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import type { Checkpoint } from './checkpoint.ts';
import { Head, isCompressed, TAIL_SIZE } from './fingerprint.ts';
import { keyOf } from './handles.ts';
import type { FoundFile } from './known-files.ts';
import { openFile, type SymlinkPolicy } from './open-file.ts';
import type { TailFile } from './tail-file.ts';

const NEWLINE = 10;
const BLOCK_SIZE = 64 * 1024;

/** Opens a file that was just found and reads its first bytes. */
export async function openFound(path: string, fingerprintSize: number, policy: SymlinkPolicy): Promise<FoundFile> {
  const { handle, stats } = await openFile(path, policy);
  try {
    const head = await readAt(handle, 0, fingerprintSize);
    return { key: keyOf(stats), path, size: Number(stats.size), handle, head: new Head(head) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function readAt(handle: FileHandle, position: number, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  const { bytesRead } = await handle.read(bytes, 0, size, position);
  return bytes.subarray(0, bytesRead);
}

/** Why a file that begins so holds no lines, or undefined. The end may be in the middle of a UTF-8 character. */
export function whyNotText(head: Buffer, ignoreBinaries: boolean): string | undefined {
  if (isCompressed(head)) return 'is compressed';
  if (!ignoreBinaries) return undefined;
  const lastNewline = head.lastIndexOf(NEWLINE);
  const whole = lastNewline < 0 ? head.subarray(0, Math.max(0, head.length - 3)) : head.subarray(0, lastNewline);
  return head.includes(0) || !isUtf8(whole) ? 'is not text' : undefined;
}

/**
 * Where reading begins that starts at the end: behind the last line end, so that a line that is being written now is
 * seen whole. A longer line than `maxLogSize` is not waited for; its rest is skipped.
 */
export async function findEnd(file: FoundFile, maxLogSize: number): Promise<{ position: number; skipping: boolean }> {
  const lowest = Math.max(0, file.size - maxLogSize);
  for (let end = file.size; end > lowest; ) {
    const start = Math.max(lowest, end - BLOCK_SIZE);
    const newline = (await readAt(file.handle, start, end - start)).lastIndexOf(NEWLINE);
    if (newline >= 0) return { position: start + newline + 1, skipping: false };
    end = start;
  }
  return lowest === 0 ? { position: 0, skipping: false } : { position: file.size, skipping: true };
}

/**
 * Whether what `file` holds is the beginning of `origin`, as while it is being copied; with `mayBeLonger` whether it
 * begins with all that was read of it.
 */
export async function isCopy(
  file: FoundFile,
  origin: TailFile,
  fingerprintSize: number,
  mayBeLonger = false,
): Promise<boolean> {
  if (!origin.handle || origin.head.length < fingerprintSize || !origin.head.equals(file.head.bytes)) return false;
  // Both may have grown since the last look. What of the origin was not read yet counts too: a new file with the same
  // first lines is no copy because nothing else was read so far.
  if (!mayBeLonger && file.size > Number((await origin.handle.stat({ bigint: true })).size)) return false;
  const end = mayBeLonger ? origin.position : file.size;
  const start = Math.max(0, end - TAIL_SIZE);
  const mine = await readAt(file.handle, start, end - start);
  return mine.equals(await readAt(origin.handle, start, end - start));
}

/** A checkpoint that says no more than where to start. */
export function startingPoint(file: FoundFile, offset: number, generation = 0, skipping = false): Checkpoint {
  const nothing = { size: 0, hash: '' };
  const fingerprint = { head: nothing, tail: nothing };
  const rest = { pending: [], left: false, state: '', time: 0 };
  return { key: file.key, path: file.path, offset, fingerprint, generation, skipping, ...rest };
}
