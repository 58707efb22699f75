import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Whose symbolic links are followed. `owner_match`: only those that belong to root, to this process's user or to the
 * owner of the file they lead to; else whoever may write to a watched folder could have any file read and sent away.
 */
export type SymlinkPolicy = 'owner_match' | 'always' | 'never';

const MAX_LINKS = 40;
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** The path leads to something that is not read; trying again makes sense only when it has changed. */
export class NotReadableError extends Error {
  override name = 'NotReadableError';
}

/** The path leads elsewhere than a moment ago; trying again is all there is to do. */
export class MovedError extends Error {
  override name = 'MovedError';
}

/**
 * Opens a regular file for reading. Never waits (as for a pipe without a writer).
 * Rejects with NotReadableError where the policy or the kind of the file forbids it, with MovedError, or with the
 * system's error.
 */
export async function openFile(
  path: string,
  policy: SymlinkPolicy,
): Promise<{ handle: FileHandle; stats: BigIntStats }> {
  const real = await realpath(path);
  if (real !== path && policy === 'never') throw new NotReadableError('is, or lies behind, a symbolic link');
  const handle = await open(real, FLAGS);
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw new NotReadableError('is not a regular file');
    // What was opened must be what was checked, also if a link or a folder above was exchanged in between.
    if (real !== path && policy === 'owner_match' && (await checkLinks(path, stats.uid)) !== real) {
      throw new MovedError('leads elsewhere by now');
    }
    const opened = policy === 'always' ? undefined : await pathOf(handle);
    if (opened !== undefined && opened !== real && opened !== `${real} (deleted)`) {
      throw new MovedError('was moved while it was opened');
    }
    return { handle, stats };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The path of an open file as the kernel knows it now, undefined where it does not say. */
async function pathOf(handle: FileHandle): Promise<string | undefined> {
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`);
  } catch {
    return undefined;
  }
}

/** Resolves with where the path leads by links that all belong to somebody who may say so. */
async function checkLinks(path: string, targetOwner: bigint): Promise<string> {
  const trusted = new Set([0n, BigInt(process.geteuid?.() ?? 0), targetOwner]);
  const rest = path.split('/').filter((name) => name !== '');
  let folder = '/';
  for (let links = 0; rest.length > 0; ) {
    const step = resolve(folder, rest.shift() as string);
    const stats = await lstat(step, { bigint: true });
    if (!stats.isSymbolicLink()) {
      folder = step;
      continue;
    }
    if (!trusted.has(stats.uid)) {
      throw new NotReadableError(`is reached by the symbolic link ${step}, which belongs to user ${stats.uid}`);
    }
    if (++links > MAX_LINKS) throw new NotReadableError('is reached by too many symbolic links');
    rest.unshift(
      ...resolve(dirname(step), await readlink(step))
        .split('/')
        .filter((name) => name !== ''),
    );
    folder = '/';
  }
  return folder;
}
