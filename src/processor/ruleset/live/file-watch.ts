import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { digestNames } from '../digest.ts';

interface Seen {
  /** Tells cheaply that nothing can have changed; undefined until the first look. */
  stamp: string | undefined;
  /** Undefined where it cannot be read. */
  digest: string | undefined;
}

/**
 * Files and directories, looked at from time to time: `fs.watch` misses changes on network and overlay filesystems, and
 * those behind symbolic links. What counts is the content; who only touches a file changes nothing.
 */
export class FileWatch {
  readonly #seen = new Map<string, Seen>();

  /** Starts from what was read, so that a change between reading and the first look is one. */
  constructor(paths: Iterable<string>, digests: ReadonlyMap<string, string>) {
    this.add(paths, digests);
  }

  /** Looks at more paths; those that are known stay as they are. */
  add(paths: Iterable<string>, digests: ReadonlyMap<string, string>): void {
    for (const path of paths) {
      if (!this.#seen.has(path)) this.#seen.set(path, { stamp: undefined, digest: digests.get(path) });
    }
  }

  /** Paths whose content is another one than at the last call. */
  async changes(): Promise<string[]> {
    const changed: string[] = [];
    for (const [path, seen] of this.#seen) {
      const stamp = await stampOf(path);
      if (stamp === seen.stamp) continue;
      const digest = await digestOf(path);
      if (digest !== seen.digest) changed.push(path);
      this.#seen.set(path, { stamp, digest });
    }
    return changed;
  }

  /** What was read of a file after it had changed: it may have changed again since the look. */
  note(path: string, digest: string | undefined): void {
    this.#seen.set(path, { stamp: undefined, digest });
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return '';
  }
}

async function digestOf(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path);
    return stats.isDirectory() ? digestNames(await readdir(path)) : await digestFile(path);
  } catch {
    return undefined;
  }
}

/** As `digestBytes` of all of it; lists may be larger than what should be in memory at once. */
async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
