import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a folder and those above it that are missing. Not `mkdir` with `recursive`: where the system refuses a folder with
 * ENOENT although the one above is there (below `/proc`), Node tries again for ever.
 *
 * @param mode of the folders that are created
 * @throws the system's error, with a path
 */
export function makeFolder(path: string, mode: number): void {
  const missing: string[] = [];
  for (let folder = path; !isFolder(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    try {
      mkdirSync(folder, mode);
    } catch (error) {
      // Somebody else was faster.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isFolder(folder)) throw error;
    }
  }
}

function isFolder(path: string): boolean {
  // What is no folder, or may not be looked at, is for `mkdir` to complain about.
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? path === dirname(path);
}
