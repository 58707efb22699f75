import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreLockedError } from '../errors.ts';
import { createPrivateFile, isBusy } from './database.ts';

/** Held while a process owns a store. */
export interface StoreLock {
  release(): void;
}

/**
 * Takes the ownership of a store. The lock is an exclusive transaction on an empty database beside it: the kernel
 * gives it back when the process dies, however that happens, and it leaves the store itself open to the connections
 * that only edit lists.
 *
 * @throws StoreLockedError where another store object, of this or another process, holds it
 */
export function lockStore(path: string): StoreLock {
  const lockPath = `${path}.lock`;
  const pidPath = `${path}.pid`;
  createPrivateFile(lockPath);
  const db = new DatabaseSync(lockPath);
  try {
    db.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!isBusy(error)) throw error;
    throw new StoreLockedError(`${path} is in use by another process${ownerOf(pidPath)}; stop it or use another store`);
  }
  createPrivateFile(pidPath);
  writeFileSync(pidPath, `${process.pid}\n`);
  return {
    release() {
      if (!db.isOpen) return;
      rmSync(pidPath, { force: true });
      db.close();
    },
  };
}

function ownerOf(pidPath: string): string {
  try {
    const pid = readFileSync(pidPath, 'utf8').trim();
    return pid === '' ? '' : ` (process ${pid})`;
  } catch {
    return '';
  }
}
