import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';

/** When a file gives way to a new one, and which of its predecessors stay. 0 means no limit. */
export interface Rotation {
  /** A write that would make the file larger goes to a new one. */
  maxBytes: number;
  /** Older backups are deleted. */
  maxDays: number;
  /** The oldest beyond this number are deleted. */
  maxBackups: number;
}

const STAMP = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}(-\d+)?$/;

/**
 * Renames the file to `name-2026-01-31T12-00-00.000.ext` (UTC), as the Collector's file exporter does.
 * Returns the new path.
 */
export async function moveToBackup(path: string, now: number): Promise<string> {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  const stamp = new Date(now).toISOString().slice(0, -1).replaceAll(':', '-');
  for (let attempt = 0; ; attempt++) {
    const target = `${stem}-${stamp}${attempt === 0 ? '' : `-${attempt}`}${extension}`;
    if (await exists(target)) continue;
    await rename(path, target);
    return target;
  }
}

/** Backups of a file, oldest first. */
export async function listBackups(path: string): Promise<string[]> {
  const extension = extname(path);
  const prefix = `${basename(path, extension)}-`;
  const found: { name: string; stamp: string; turn: number }[] = [];
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix) || !name.endsWith(extension)) continue;
    const stamp = name.slice(prefix.length, name.length - extension.length);
    if (STAMP.test(stamp)) found.push({ name, stamp: stamp.slice(0, 23), turn: Number(stamp.slice(24) || 0) });
  }
  found.sort((a, b) => (a.stamp === b.stamp ? a.turn - b.turn : a.stamp < b.stamp ? -1 : 1));
  return found.map((backup) => join(dirname(path), backup.name));
}

/** Deletes the backups that the rotation no longer keeps; `beforeRemove` sees each of them first. */
export async function removeOldBackups(
  path: string,
  rotation: Rotation,
  now: number,
  beforeRemove?: (backup: string) => Promise<void>,
): Promise<void> {
  const backups = await listBackups(path);
  const surplus = rotation.maxBackups > 0 ? backups.length - rotation.maxBackups : 0;
  for (const [index, backup] of backups.entries()) {
    const tooMany = index < surplus;
    const tooOld = rotation.maxDays > 0 && now - (await stat(backup)).mtimeMs > rotation.maxDays * 86_400_000;
    if (!tooMany && !tooOld) continue;
    await beforeRemove?.(backup);
    await unlink(backup);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
