import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Who else could change a file, in words; undefined when only its owner can. Who can write to its folder can replace it,
 * unless the folder is sticky.
 */
export function describeForeignWriters(path: string): string | undefined {
  const file = realpathSync(path);
  const mode = statSync(file).mode;
  if (mode & OTHERS_WRITE) return `everyone may write to it (mode ${octal(mode)})`;
  if (mode & GROUP_WRITE) return `its group may write to it (mode ${octal(mode)})`;
  const folder = dirname(file);
  const folderMode = statSync(folder).mode;
  if (folderMode & OTHERS_WRITE && !(folderMode & STICKY)) {
    return `everyone may replace it: the folder ${folder} is open to all (mode ${octal(folderMode)})`;
  }
  if (folderMode & GROUP_WRITE && !(folderMode & STICKY)) {
    return `the group of the folder ${folder} may replace it (mode ${octal(folderMode)})`;
  }
  return undefined;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
