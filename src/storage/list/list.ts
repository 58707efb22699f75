import { randomUUID } from 'node:crypto';
import type { Keyv } from 'keyv';
import type { Clock } from '../../component/clock.ts';
import { ConfigError } from '../../component/errors.ts';
import { isListName, LIST_NAME_RULE, type ListEdit, type SharedList } from '../../component/shared-list.ts';
import { entriesOf } from '../keyv/entries.ts';
import { Remote } from '../keyv/remote.ts';
import { EDITS_KEY, type Edit, type Edits, fromStored, parseEdits, toWrite } from './layout.ts';

/**
 * Entries of one list at most: readers hold all of them in memory (some 150 bytes each). Larger lists are files, which take
 * a sixth of that; look-ups in the store itself are not built.
 */
export const MAX_LIST_ENTRIES = 1_000_000;

/** Milliseconds after which an edit that does not end counts as given up. */
const ABANDONED_MS = 60_000;
/** Milliseconds for reading all of it. */
const READ_LIMIT_MS = 120_000;
/** Attempts to read while others write. */
const READ_ATTEMPTS = 3;

/** The namespace of a list. @throws ConfigError where the name is none */
export function listNamespace(name: string): string {
  if (isListName(name)) return `otel-hids-list.${name}`;
  throw new ConfigError(`list: "${name}" is no name of a list: ${LIST_NAME_RULE}`);
}

/** A shared list on any Keyv. Several processes may read and edit it; the last writer of a key wins. */
export class KeyvList implements SharedList {
  readonly #keyv: Keyv;
  readonly #clock: Clock;
  readonly #remote: Remote;
  /** Of all stored entries. */
  readonly #namespace: string;
  /** The unfinished edit that was seen last, and when for the first time. */
  #waiting: { version: string; since: number } | undefined;

  constructor(keyv: Keyv, clock: Clock, shown: string) {
    this.#keyv = keyv;
    this.#clock = clock;
    this.#namespace = keyv.namespace ?? '';
    this.#remote = new Remote(keyv, clock, shown);
    // Failures reject; without a listener they would end the process besides.
    keyv.on('error', () => {});
  }

  async version(): Promise<string> {
    return (await this.lastEdit())?.version ?? '';
  }

  async lastEdit(): Promise<ListEdit | undefined> {
    const { done, pending } = await this.#readEdits();
    if (!pending) {
      this.#waiting = undefined;
      return done;
    }
    const now = this.#clock.now();
    if (this.#waiting?.version !== pending.version) this.#waiting = { version: pending.version, since: now };
    return now - this.#waiting.since >= ABANDONED_MS ? pending : done;
  }

  async get(key: string): Promise<string | undefined> {
    const write = toWrite(this.#namespace, key, '');
    const value = await this.#remote.within('read', () => this.#keyv.get(write.key));
    return value === undefined || value === null ? undefined : fromStored(write.key, value)?.[1];
  }

  async read(): Promise<ReadonlyMap<string, string>> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.#readEdits();
      const entries = await this.#remote.within('read', () => this.#readEntries(), READ_LIMIT_MS);
      const after = await this.#readEdits();
      if (attempt === READ_ATTEMPTS || JSON.stringify(before) === JSON.stringify(after)) return entries;
    }
  }

  /**
   * Sets and (with null) removes keys, and tells readers: only after the last write do they see a new version.
   *
   * @param by `user@host`
   * @throws StoreWriteError where that fails; what was written until then stays
   */
  async edit(changes: ReadonlyMap<string, string | null>, by: string): Promise<void> {
    const edit: Edit = { version: randomUUID(), by, at: this.#clock.now() };
    const { done } = await this.#readEdits();
    await this.#writeEdits({ done, pending: edit });
    await this.#remote.apply([...changes].map(([key, value]) => toWrite(this.#namespace, key, value)));
    await this.#writeEdits({ done: edit, pending: undefined });
  }

  async close(): Promise<void> {
    await this.#keyv.disconnect();
  }

  async #readEdits(): Promise<Edits> {
    return parseEdits(await this.#remote.within('read', () => this.#keyv.get(EDITS_KEY)));
  }

  #writeEdits(edits: Edits): Promise<void> {
    return this.#remote.set(EDITS_KEY, JSON.stringify(edits));
  }

  async #readEntries(): Promise<Map<string, string>> {
    const entries = new Map<string, string>();
    for await (const [key, value] of entriesOf(this.#keyv)) {
      const entry = fromStored(key, value);
      if (!entry) continue;
      if (entries.size >= MAX_LIST_ENTRIES) throw new Error(`the list has more than ${MAX_LIST_ENTRIES} entries`);
      entries.set(...entry);
    }
    return entries;
  }
}
