/**
 * A list in a store (`keyv:NAME`) as its readers see it: keys with their values, which other processes may edit at any
 * time. Texts are Unicode; who looks bytes up converts them.
 */
export interface SharedList {
  /**
   * Changes with every edit; empty while nobody ever wrote the list. While an edit is under way it is still the old
   * one, so that who reads after a change reads a complete list. Rejects where the store cannot be read.
   */
  version(): Promise<string>;
  /** All entries; a list that is not there is empty. Rejects where it cannot be read as a whole. */
  read(): Promise<ReadonlyMap<string, string>>;
  /** The edit that `version` stands for. */
  lastEdit(): Promise<ListEdit | undefined>;
  close(): Promise<void>;
}

/** Who changed a list, and when. */
export interface ListEdit {
  readonly version: string;
  /** `user@host`. */
  readonly by: string;
  /** Epoch milliseconds, by the clock of who edited. */
  readonly at: number;
}

/** Whether `keyv:NAME` may have this name: it becomes part of keys on servers. */
export function isListName(name: string): boolean {
  return /^[A-Za-z0-9_.-]{1,64}$/.test(name);
}

/** What a name that is none is told. */
export const LIST_NAME_RULE = 'letters, digits, ".", "_" and "-" only (at most 64)';
