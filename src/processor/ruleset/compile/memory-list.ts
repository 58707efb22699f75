import type { LookupList } from './ruleset.ts';

/** A CDB list held in memory. Its content is swapped as a whole, so that a look-up sees either the old or the new one. */
export class MemoryList implements LookupList {
  readonly name: string;
  #entries: ReadonlyMap<string, string>;

  constructor(name: string, entries: ReadonlyMap<string, string> = new Map()) {
    this.name = name;
    this.#entries = entries;
  }

  get(key: string): string | undefined {
    return this.#entries.get(key);
  }

  get entries(): ReadonlyMap<string, string> {
    return this.#entries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Keys and values are bytes, one character each. */
  replace(entries: ReadonlyMap<string, string>): void {
    this.#entries = entries;
  }
}
