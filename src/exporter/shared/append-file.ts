import { constants } from 'node:fs';
import { type FileHandle, open as openFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../../config/make-folder.ts';
import { moveToBackup, type Rotation, removeOldBackups } from './rotation.ts';

export interface AppendFileOptions {
  path: string;
  /** Permissions of a file that is created; those of one that exists stay. */
  mode: number;
  /** Whether `append` resolves only when the bytes would survive a power cut. */
  sync: boolean;
  rotation?: Rotation;
  /** What ends a record: written where the file that is there does not end in it. */
  recordEnd: string;
  /** Epoch milliseconds. */
  now: () => number;
  /** The file that was there ended in the middle of a record, which was closed. */
  onTornEnd?: () => void;
  /** The file was moved away or deleted by someone else, and a new one begun. */
  onReopen?: () => void;
  /** A backup is about to be deleted. */
  beforeRemove?: (backup: string) => Promise<void>;
  /** Backups could not be listed or deleted; writing goes on. */
  onRotationError?: (error: unknown) => void;
  /** Opens the file; replaced where a test wants the disk to fail. */
  open?: (path: string, flags: number, mode: number) => Promise<FileHandle>;
}

interface Waiting {
  render: (offset: number) => Uint8Array;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * A file that only grows, written by this process and read, moved or truncated by others at any time.
 * Appends are atomic to the caller: a write that fails half way is taken back, so that the file never holds a piece
 * of a record that will be written again. Calls that arrive while the disk is busy share one write and one sync.
 */
export class AppendFile {
  readonly #options: AppendFileOptions;
  #handle: FileHandle | undefined;
  #inode = '';
  #regular = true;
  #offset = 0;
  /** A failed write could not be taken back; its rest must be closed before anything else is written. */
  #torn = false;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(options: AppendFileOptions) {
    this.#options = options;
  }

  /**
   * Creates folder and file where they are missing; rejects where it may not be written. The first `append` does the
   * same, so this is for those who want to know early.
   */
  async open(): Promise<void> {
    await this.#open();
  }

  /**
   * Adds bytes at the end; `render` is told at which offset they will start, and may be asked again for another one.
   * Rejects with the error of the system; then nothing of it is in the file.
   */
  append(render: (offset: number) => Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ render, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Waits for what was appended before, then closes. */
  async close(): Promise<void> {
    await this.#running;
    await this.#release();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        const written = await this.#write(group);
        for (const waiting of group.slice(0, written)) waiting.resolve();
        this.#waiting.unshift(...group.slice(written));
      } catch (error) {
        for (const waiting of group) waiting.reject(error);
      }
    }
    this.#running = undefined;
  }

  /** Writes the group up to where a new file must begin; returns how many of it were written. */
  async #write(group: readonly Waiting[]): Promise<number> {
    await this.#follow();
    const parts: Uint8Array[] = [];
    let end = this.#offset;
    for (const waiting of group) {
      let bytes = waiting.render(end);
      if (this.#mustRotate(end, bytes.byteLength)) {
        if (parts.length > 0) break;
        await this.#rotate();
        end = this.#offset;
        bytes = waiting.render(end);
      }
      parts.push(bytes);
      end += bytes.byteLength;
    }
    await this.#flush(parts.length === 1 ? parts[0] : Buffer.concat(parts));
    return parts.length;
  }

  #mustRotate(offset: number, length: number): boolean {
    const limit = this.#options.rotation?.maxBytes ?? 0;
    return this.#regular && limit > 0 && offset > 0 && offset + length > limit;
  }

  async #flush(bytes: Uint8Array): Promise<void> {
    const handle = this.#handle!;
    let done = 0;
    try {
      while (done < bytes.byteLength) {
        done += (await handle.write(bytes, done, bytes.byteLength - done)).bytesWritten;
      }
      if (this.#options.sync && this.#regular) await handle.datasync();
      this.#offset += bytes.byteLength;
    } catch (error) {
      await this.#takeBack(handle, bytes.byteLength);
      throw error;
    }
  }

  /** Cuts off what a failed write left; not where another writer has added to it since. */
  async #takeBack(handle: FileHandle, length: number): Promise<void> {
    if (!this.#regular) return;
    try {
      const { size } = await handle.stat();
      if (size > this.#offset + length) this.#torn = true;
      else if (size > this.#offset) await handle.truncate(this.#offset);
    } catch {
      this.#torn = true;
    }
  }

  /** Opens anew where the path no longer leads to the file at hand, and notices that it was truncated. */
  async #follow(): Promise<void> {
    if (this.#handle) {
      const at = await stat(this.#options.path, { bigint: true }).catch(ignoreMissing);
      if (at && `${at.dev}:${at.ino}` === this.#inode) {
        if (this.#regular) this.#offset = Number(at.size);
        if (this.#torn) await this.#closeRecord(this.#handle);
        return;
      }
      await this.#release();
      this.#options.onReopen?.();
    }
    await this.#open();
  }

  async #open(): Promise<void> {
    const { path, mode } = this.#options;
    makeFolder(dirname(path), 0o750);
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
    const handle = await (this.#options.open ?? openFile)(path, flags, mode).catch((error) => {
      // A pipe or a terminal may not be readable; it has no end to look at either.
      if (error.code !== 'EACCES' && error.code !== 'ENXIO') throw error;
      return (this.#options.open ?? openFile)(path, constants.O_WRONLY | constants.O_APPEND, mode);
    });
    try {
      const at = await handle.stat({ bigint: true });
      this.#handle = handle;
      this.#inode = `${at.dev}:${at.ino}`;
      this.#regular = at.isFile();
      this.#offset = this.#regular ? Number(at.size) : 0;
      this.#torn = false;
      if (this.#regular && this.#offset > 0 && !(await this.#endsInRecordEnd(handle))) {
        await this.#closeRecord(handle);
        this.#options.onTornEnd?.();
      }
      if (this.#options.sync && this.#offset === 0) await syncFolder(dirname(path));
    } catch (error) {
      this.#handle = undefined;
      await handle.close();
      throw error;
    }
  }

  async #endsInRecordEnd(handle: FileHandle): Promise<boolean> {
    const wanted = Buffer.from(this.#options.recordEnd);
    const last = Buffer.alloc(wanted.byteLength);
    const start = Math.max(0, this.#offset - last.byteLength);
    const { bytesRead } = await handle.read(last, 0, last.byteLength, start);
    return last.subarray(0, bytesRead).equals(wanted);
  }

  async #closeRecord(handle: FileHandle): Promise<void> {
    const end = Buffer.from(this.#options.recordEnd);
    const { bytesWritten } = await handle.write(end, 0, end.byteLength);
    this.#offset += bytesWritten;
    this.#torn = bytesWritten < end.byteLength;
  }

  /** Where the file cannot be moved it goes on growing: a limit on its size is no reason to lose what is to be written. */
  async #rotate(): Promise<void> {
    const { path, rotation, now, beforeRemove, onRotationError } = this.#options;
    await this.#release();
    try {
      await moveToBackup(path, now());
      await removeOldBackups(path, rotation!, now(), beforeRemove);
    } catch (error) {
      onRotationError?.(error);
    }
    await this.#open();
  }

  async #release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** A new name is safe only when its folder is; file systems without that notion are left alone. */
async function syncFolder(path: string): Promise<void> {
  const folder = await openFile(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await folder.close();
  }
}
