import type { LookupList } from './ruleset.ts';

/** What a list holds, as bytes: a `Map`, or a `PackedList` for large ones. */
export interface ListEntries extends Iterable<readonly [key: string, value: string]> {
  readonly size: number;
  get(key: string): string | undefined;
  has(key: string): boolean;
}

/** A CDB list held in memory. Its content is swapped as a whole, so that a look-up sees either the old or the new one. */
export class MemoryList implements LookupList {
  readonly name: string;
  #entries: ListEntries;

  constructor(name: string, entries: ListEntries = new Map()) {
    this.name = name;
    this.#entries = entries;
  }

  get(key: string): string | undefined {
    return this.#entries.get(key);
  }

  get entries(): ListEntries {
    return this.#entries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Keys and values are bytes, one character each. */
  replace(entries: ListEntries): void {
    this.#entries = entries;
  }
}
