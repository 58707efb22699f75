import type { ListEdit, SharedList } from '../../src/component/shared-list.ts';

/** A list that the test edits in place of another process. */
export class TestList implements SharedList {
  entries: ReadonlyMap<string, string> = new Map();
  edits: ListEdit | undefined;
  /** What every reading rejects with, while it is set. */
  failure: Error | undefined;
  /** Times all entries were read. */
  reads = 0;
  closed = false;

  /** As another process would do it. */
  write(entries: Readonly<Record<string, string>>, by = 'alice@admin-host'): void {
    this.entries = new Map(Object.entries(entries));
    this.edits = { version: `v${Number(this.edits?.version.slice(1) ?? 0) + 1}`, by, at: 1 };
  }

  async version(): Promise<string> {
    return (await this.lastEdit())?.version ?? '';
  }

  async lastEdit(): Promise<ListEdit | undefined> {
    if (this.failure) throw this.failure;
    return this.edits;
  }

  async read(): Promise<ReadonlyMap<string, string>> {
    if (this.failure) throw this.failure;
    this.reads++;
    return this.entries;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}
