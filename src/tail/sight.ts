import type { GlobError } from './glob.ts';
import { isShortage } from './shortage.ts';
import type { TailFile } from './tail-file.ts';

/**
 * What could not be seen in a look, and what waits for it: a file that cannot be found or opened for now may hold lines
 * that come before those that can be read. Nothing waits longer than `maxWait` milliseconds.
 */
export class Sight {
  /** Something could not be looked at because the system has run out of something. */
  isShort = false;
  readonly #maxWait: number;
  #looks = 0;
  #blind: string[] = [];
  #shortSince: number | undefined;

  constructor(maxWait: number) {
    this.#maxWait = maxWait;
  }

  /** A look begins; `errors` are the folders that cannot be listed. Returns those of the last look that can be again. */
  begin(errors: readonly GlobError[]): string[] {
    this.#looks += 1;
    this.isShort = errors.some(({ error }) => isShortage(error));
    const before = this.#blind;
    this.#blind = errors.map(({ path }) => path);
    return before.filter((path) => !this.#blind.includes(path));
  }

  /** True where the error says nothing about the file. */
  note(error: unknown): boolean {
    if (!isShortage(error)) return false;
    this.isShort = true;
    return true;
  }

  /** Whether the path lies in or below a folder that could not be listed. */
  isBlindTo(path: string): boolean {
    return this.#blind.some((folder) => path.startsWith(folder === '/' ? folder : `${folder}/`));
  }

  /** Something older than what comes next could not be looked at in this look. */
  mustWait(now: number): boolean {
    if (!this.isShort) return false;
    // The clock may have been set back.
    this.#shortSince = Math.min(this.#shortSince ?? now, now);
    return now - this.#shortSince < this.#maxWait;
  }

  /** The file's content was, or may have been, replaced: what came before it may lie in a copy, which the next look finds. */
  hold(file: TailFile, now: number): void {
    file.heldSince ??= now;
    file.heldAtLook = this.#looks;
  }

  isHeld(file: TailFile, now: number): boolean {
    if (file.heldSince === undefined) return false;
    file.heldSince = Math.min(file.heldSince, now);
    if (now - file.heldSince >= this.#maxWait) file.heldSince = undefined;
    return file.heldSince !== undefined;
  }

  /** A look ends that began after the content of some files was replaced: it has seen any copy, unless it was blind. */
  end(files: Iterable<TailFile>): void {
    if (this.isShort) return;
    this.#shortSince = undefined;
    for (const file of files) {
      if (file.heldSince === undefined || file.heldAtLook >= this.#looks) continue;
      if (!this.isBlindTo(file.currentPath)) file.heldSince = undefined;
    }
  }
}
