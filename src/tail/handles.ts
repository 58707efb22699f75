import { MovedError, openFile, type SymlinkPolicy } from './open-file.ts';
import type { TailFile } from './tail-file.ts';

/** Keeps the number of open files within its bound by closing those that have had nothing new for longest. */
export class Handles {
  readonly #limit: number;
  readonly #policy: SymlinkPolicy;
  readonly #open = new Set<TailFile>();

  constructor(limit: number, policy: SymlinkPolicy) {
    this.#limit = limit;
    this.#policy = policy;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Opens the file where it was last seen, unless it is open. Rejects where another file lies there now. */
  async ensureOpen(file: TailFile): Promise<void> {
    if (file.handle) return;
    const { handle, stats } = await openFile(file.currentPath, this.#policy);
    if (keyOf(stats) !== file.key) {
      await handle.close();
      throw new MovedError('was replaced by another file');
    }
    file.handle = handle;
    await this.keep(file);
  }

  /** Counts a file that was opened elsewhere, and closes another one where there are too many. */
  async keep(file: TailFile): Promise<void> {
    this.#open.add(file);
    while (this.#open.size > this.#limit) {
      let idle: TailFile | undefined;
      for (const other of this.#open) {
        // A file without a path can never be opened again.
        if (other === file || other.missingSince !== undefined) continue;
        if (!idle || other.lastGrowth < idle.lastGrowth) idle = other;
      }
      if (!idle) return;
      await this.close(idle);
    }
  }

  async close(file: TailFile): Promise<void> {
    this.#open.delete(file);
    await file.close();
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open].map((file) => this.close(file)));
  }
}

/** Unique among the files that exist at a time, the same after a rename. */
export function keyOf(stats: { dev: bigint; ino: bigint }): string {
  return `${stats.dev}:${stats.ino}`;
}
