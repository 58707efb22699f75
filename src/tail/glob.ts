import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compileExclude, type GlobSegment, parseGlob } from './glob-pattern.ts';

interface Listing {
  /** -1 where the folder may have changed in the same tick of the clock. */
  mtimeNs: bigint;
  /** As it was just before the listing. */
  readAtNs: bigint;
  entries: Dirent[];
}

/**
 * A listing read within this time of the folder's last change may miss another change of the same tick of the file
 * system's clock, which is the machine's own and not the one that components are given.
 */
const SETTLED_NS = 2_000_000_000n;
const MAX_PATHS = 100_000;
/** Folders that are listed at most: each is looked at again and again. */
const MAX_FOLDERS = 20_000;

/** What could not be looked at; a folder that does not exist is no error, since it may come. */
export interface GlobError {
  path: string;
  error: Error;
}

/**
 * Finds the paths that match, again and again: folders that did not change since they were last listed are not read
 * anew. `*` does not match a leading dot, as in a shell; `**` does not follow symbolic links.
 */
export class Glob {
  readonly #include: GlobSegment[][];
  readonly #exclude: ((path: string) => boolean)[];
  readonly #maxFolders: number;
  #listings = new Map<string, Listing>();

  constructor(include: readonly string[], exclude: readonly string[], baseDir: string, maxFolders = MAX_FOLDERS) {
    this.#maxFolders = maxFolders;
    const absolute = (pattern: string) =>
      pattern.startsWith('/') ? pattern : `${escapeGlob(resolve(baseDir))}/${pattern}`;
    this.#include = include.flatMap((pattern) => parseGlob(absolute(pattern)));
    this.#exclude = exclude.map((pattern) => compileExclude(absolute(pattern)));
  }

  /** Matching paths in ascending order. Those that end with a name without a wildcard need not exist, nor be files. */
  async expand(): Promise<{ paths: string[]; errors: GlobError[] }> {
    const found = new Set<string>();
    const walk: Walk = { found, errors: [], listed: new Map(), seen: new Set() };
    for (const segments of this.#include) {
      walk.seen.clear();
      await this.#walk('', segments, 1, walk);
    }
    this.#listings = walk.listed;
    const paths = [...found].filter((path) => !this.#exclude.some((excluded) => excluded(path))).sort();
    if (found.size >= MAX_PATHS) {
      walk.errors.push({
        path: paths[0] ?? '/',
        error: new Error(`more than ${MAX_PATHS} paths match; the rest is not read`),
      });
    }
    if (walk.skipped !== undefined) {
      const error = new Error(`there are more than ${this.#maxFolders} folders; the rest is not looked at`);
      walk.errors.push({ path: walk.skipped, error });
    }
    return { paths, errors: walk.errors };
  }

  /** Whether a folder has changed since `expand` listed it: what was looked at since may belong to names that moved. */
  async isOutdated(): Promise<boolean> {
    for (const [path, { readAtNs }] of this.#listings) {
      const stats = await stat(path, { bigint: true }).catch(() => undefined);
      if ((stats?.mtimeNs ?? -1n) !== readAtNs) return true;
    }
    return false;
  }

  async #walk(folder: string, segments: readonly GlobSegment[], at: number, walk: Walk): Promise<void> {
    if (walk.found.size >= MAX_PATHS) return;
    // Several `**` lead to the same folder in many ways.
    const place = `${at}${folder}`;
    if (walk.seen.has(place)) return;
    walk.seen.add(place);
    if (at === segments.length) {
      walk.found.add(folder);
      return;
    }
    const segment = segments[at];
    if (segment.kind === 'literal') return this.#walk(`${folder}/${segment.name}`, segments, at + 1, walk);
    const last = at === segments.length - 1;
    if (segment.kind === 'any_depth' && !last) await this.#walk(folder, segments, at + 1, walk);
    for (const entry of await this.#list(folder, walk)) {
      const path = `${folder}/${entry.name}`;
      if (segment.kind === 'any_depth') {
        if (entry.name.startsWith('.')) continue;
        if (entry.isDirectory()) await this.#walk(path, segments, at, walk);
        else if (last) walk.found.add(path);
      } else if ((segment.hidden || !entry.name.startsWith('.')) && segment.matches(entry.name)) {
        const folders = entry.isDirectory() || entry.isSymbolicLink();
        if (last ? !entry.isDirectory() : folders) await this.#walk(path, segments, at + 1, walk);
      }
    }
  }

  async #list(folder: string, walk: Walk): Promise<Dirent[]> {
    const path = folder === '' ? '/' : folder;
    const known = walk.listed.get(path);
    if (known) return known.entries;
    if (walk.listed.size >= this.#maxFolders) {
      walk.skipped ??= path;
      return [];
    }
    try {
      const { mtimeNs } = await stat(path, { bigint: true });
      const before = this.#listings.get(path);
      const entries = before?.mtimeNs === mtimeNs ? before.entries : await readdir(path, { withFileTypes: true });
      const settled = BigInt(Date.now()) * 1_000_000n - mtimeNs > SETTLED_NS;
      walk.listed.set(path, { mtimeNs: settled ? mtimeNs : -1n, readAtNs: mtimeNs, entries });
      return entries;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') walk.errors.push({ path, error: error as Error });
      walk.listed.set(path, { mtimeNs: -1n, readAtNs: -1n, entries: [] });
      return [];
    }
  }
}

interface Walk {
  found: Set<string>;
  errors: GlobError[];
  /** Also spares a second listing of the same folder within one walk. */
  listed: Map<string, Listing>;
  /** Which part of the pattern was looked for where. */
  seen: Set<string>;
  /** The first folder that was one too many. */
  skipped?: string;
}

function escapeGlob(path: string): string {
  return path.replace(/[*?[\]{}\\]/g, '\\$&');
}
