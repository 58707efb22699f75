import type { Dialect } from '../compile/ruleset.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { type ListFile, reloadList } from '../load.ts';
import { FileWatch } from './file-watch.ts';
import { compareEntries, type ListChange } from './list-change.ts';

/** Lists of files, followed by their content. One that cannot be read keeps what it has. */
export class FileLists {
  readonly #files: ReadonlyMap<string, readonly ListFile[]>;
  readonly #dialect: Dialect;
  readonly #watch: FileWatch;

  constructor(files: readonly ListFile[], digests: ReadonlyMap<string, string>, dialect: Dialect) {
    this.#files = Map.groupBy(files, ({ path }) => path);
    this.#dialect = dialect;
    this.#watch = new FileWatch(this.#files.keys(), digests);
  }

  async poll(): Promise<{
    changes: ListChange[];
    diagnostics: Diagnostic[];
    /** By path: of what was read. */
    digests: Map<string, string>;
  }> {
    const changes: ListChange[] = [];
    const diagnostics: Diagnostic[] = [];
    const digests = new Map<string, string>();
    for (const path of await this.#watch.changes()) {
      for (const file of this.#files.get(path) ?? []) {
        const before = file.entries;
        const read = await reloadList(file, this.#dialect);
        diagnostics.push(...read.diagnostics);
        this.#watch.note(path, read.digest);
        if (read.digest !== undefined) digests.set(path, read.digest);
        const difference = await compareEntries(before, file.entries);
        if (difference.added + difference.removed > 0) changes.push({ name: file.name, ...difference });
      }
    }
    return { changes, diagnostics, digests };
  }
}
