import { systemClock } from '../../component/clock.ts';
import { textToBytes } from '../../processor/ruleset/bytes.ts';
import { MemoryList } from '../../processor/ruleset/compile/memory-list.ts';
import type { KeyvList } from '../../storage/list/list.ts';
import { openList } from '../../storage/open.ts';
import { parseStoreUri } from '../../storage/uri.ts';
import { type CliIo, write } from '../io.ts';
import { exists } from './find-store.ts';

/**
 * What `keyv:STORED` holds at this moment, as rules know it by `name`. Where it cannot be read it is empty, and standard error
 * says so: rules can be tried without the store.
 */
export async function readStoredList(name: string, stored: string, uri: string, io: CliIo): Promise<MemoryList> {
  const location = parseStoreUri(uri);
  const isEmpty = async (why: string) => {
    await write(io.stderr, `list ${name} (keyv:${stored}) is taken as empty: ${why}\n`);
    return new MemoryList(name);
  };
  if (location.kind === 'memory') return isEmpty('a store in memory ends with its process');
  if (!exists({ uri, location })) return isEmpty(`there is no store at ${location.shown} yet`);
  let list: KeyvList | undefined;
  try {
    list = await openList(uri, stored, systemClock);
    const entries = [...(await list.read())].map(([key, value]) => [textToBytes(key), textToBytes(value)] as const);
    return new MemoryList(name, new Map(entries));
  } catch (error) {
    return isEmpty(error instanceof Error ? error.message : String(error));
  } finally {
    await list?.close().catch(() => {});
  }
}
