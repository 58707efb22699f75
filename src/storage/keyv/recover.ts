import type { Keyv } from 'keyv';
import type { StoreOptions } from '../options.ts';
import type { JournalEntry, Loaded } from './load.ts';
import { loadAll } from './load.ts';
import type { Remote } from './remote.ts';

/** Milliseconds for reading everything. */
const LOAD_LIMIT_MS = 600_000;

/** Reads the store and ends the commits that the last owner's crash interrupted. */
export async function recover(
  keyv: Keyv,
  remote: Remote,
  previous: { epoch: number; applied: number } | undefined,
  options: StoreOptions & { shown: string },
): Promise<Pick<Loaded, 'state' | 'generations'>> {
  const { logger, meter, shown } = options;
  const load = (): Promise<Loaded> => remote.within('read', () => loadAll(keyv), LOAD_LIMIT_MS);
  let loaded = await load();
  const { journal } = loaded;
  const interrupted = interruptedCommits(journal, previous);
  for (const entry of interrupted) await remote.apply(entry.writes);
  if (interrupted.length > 0) loaded = await load();
  const unreadable = loaded.damaged.filter((key) => key.startsWith('j-'));
  for (const key of [...journal.map((entry) => entry.key), ...unreadable, ...loaded.left]) await remote.delete(key);

  const dropped = journal.length - interrupted.length;
  if (interrupted.length > 0)
    logger.info({ store: shown, commits: interrupted.length }, 'interrupted commits are done');
  if (dropped > 0) logger.warn({ store: shown, entries: dropped }, 'journal entries that no longer count were removed');
  if (loaded.damaged.length > 0) {
    const count = loaded.damaged.length;
    meter.createCounter('hids_store_damaged_rows').add(count);
    logger.error(
      { store: shown, count, keys: loaded.damaged.slice(0, 10) },
      'stored values are damaged and count as missing',
    );
  }
  return loaded;
}

/**
 * In their order; without those of owners before the last one, those applied already, and those that were given up: a commit
 * that failed for its caller is told to be applied before the next one begins, so that its entry may come late.
 */
function interruptedCommits(
  journal: readonly JournalEntry[],
  previous: { epoch: number; applied: number } | undefined,
): JournalEntry[] {
  if (!previous) return [];
  return journal.filter((entry) => entry.epoch === previous.epoch && entry.seq > previous.applied);
}
