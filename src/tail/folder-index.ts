import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { keyOf } from './handles.ts';

/** Paths of the regular files in a folder by their keys. Rejects with the system's error, but for a folder that is gone. */
export async function indexFolder(folder: string): Promise<Map<string, string>> {
  const index = new Map<string, string>();
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(noneIfGone)) {
    if (!entry.isFile()) continue;
    const path = join(folder, entry.name);
    const stats = await stat(path, { bigint: true }).catch(() => undefined);
    if (stats) index.set(keyOf(stats), path);
  }
  return index;
}

function noneIfGone(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw error;
}
