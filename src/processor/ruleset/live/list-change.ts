import type { ListEntries } from '../compile/memory-list.ts';

/** What became of a list. A key that got another value counts as removed and added. */
export interface ListChange {
  readonly name: string;
  /** `user@host`, and epoch milliseconds; not known of files. */
  readonly by?: string;
  readonly at?: number;
  readonly added: number;
  readonly removed: number;
  /** Some of the keys, with a sign in front: for logs. */
  readonly keys: readonly string[];
}

const MAX_KEYS = 10;

/** Entries that are looked at before the event loop gets its turn. */
const ENTRIES_AT_ONCE = 20_000;

export async function compareEntries(
  before: ListEntries,
  after: ListEntries,
): Promise<Pick<ListChange, 'added' | 'removed' | 'keys'>> {
  let added = 0;
  let removed = 0;
  let looked = 0;
  const keys: string[] = [];
  const note = (sign: string, key: string) => {
    if (keys.length < MAX_KEYS) keys.push(sign + key);
  };
  for (const [key, value] of after) {
    if (++looked % ENTRIES_AT_ONCE === 0) await new Promise(setImmediate);
    if (before.get(key) === value) continue;
    added++;
    note('+', key);
  }
  for (const [key, value] of before) {
    if (++looked % ENTRIES_AT_ONCE === 0) await new Promise(setImmediate);
    if (after.get(key) === value) continue;
    removed++;
    if (!after.has(key)) note('-', key);
  }
  return { added, removed, keys };
}
