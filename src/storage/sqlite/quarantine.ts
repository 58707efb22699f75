import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Damaged stores kept beside the new one; older ones are removed, since a failing disk must not fill itself. */
const KEPT = 5;

/**
 * Moves the files of a damaged database aside, as `<path>.corrupt-<time>` with the log beside.
 *
 * @returns where the database is now
 */
export function quarantine(path: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(/[:.]/g, '-');
  let target = `${path}.corrupt-${stamp}`;
  for (let copy = 2; existsSync(target); copy++) target = `${path}.corrupt-${stamp}-${copy}`;
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${target}-wal`);
  rmSync(`${path}-shm`, { force: true });
  renameSync(path, target);
  removeOldest(path);
  return target;
}

function removeOldest(path: string): void {
  const prefix = `${basename(path)}.corrupt-`;
  const found = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && !name.endsWith('-wal') && !name.endsWith('-shm'))
    .sort();
  for (const name of found.slice(0, -KEPT)) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(dirname(path), name + suffix), { force: true });
  }
}
