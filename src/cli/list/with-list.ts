import { chownSync, existsSync, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { systemClock } from '../../component/clock.ts';
import { ConfigError } from '../../component/errors.ts';
import { StoreCorruptError, StoreWriteError } from '../../storage/errors.ts';
import type { KeyvList } from '../../storage/list/list.ts';
import { openList } from '../../storage/open.ts';
import type { StoreFlags } from '../commands/list.ts';
import { type CliIo, type ExitCode, write } from '../io.ts';
import { exists, type FoundStore, findStore } from './find-store.ts';

/** What a command does with an open list; `shown` names it in messages. */
type Use = (list: KeyvList, shown: string) => Promise<ExitCode>;

/** Reads a list; never makes a store where there is none. */
export function readList(command: string, name: string, flags: StoreFlags, io: CliIo, use: Use): Promise<ExitCode> {
  return withList(command, name, flags, io, async (store, open, shown) => {
    if (exists(store)) return use(await open(), shown);
    await write(io.stderr, `otel-hids list ${command}: there is no store at ${store.location.shown} yet\n`);
    return 1;
  });
}

/** Edits a list: `plan` says what to set and (null) to remove; what is as it should be already is not written. */
export function editList(
  command: string,
  name: string,
  flags: StoreFlags,
  io: CliIo,
  plan: (entries: ReadonlyMap<string, string>, shown: string) => Promise<ReadonlyMap<string, string | null>>,
): Promise<ExitCode> {
  return withList(command, name, flags, io, async (store, open, shown) => {
    const isNew = !exists(store);
    const list = await open();
    const before = await list.read();
    if (isNew) giveToOwner(store);
    const planned = await plan(before, shown);
    const changes = new Map([...planned].filter(([key, value]) => (before.get(key) ?? null) !== value));
    const removed = [...changes.keys()].filter((key) => before.has(key)).length;
    const added = [...changes.values()].filter((value) => value !== null).length;
    if (changes.size > 0) await list.edit(changes, describeUser());
    await write(
      io.stderr,
      `${shown}: ${changes.size === 0 ? 'nothing to change' : `${added} added, ${removed} removed`}\n`,
    );
    return 0;
  });
}

async function withList(
  command: string,
  name: string,
  flags: StoreFlags,
  io: CliIo,
  work: (store: FoundStore, open: () => Promise<KeyvList>, shown: string) => Promise<ExitCode>,
): Promise<ExitCode> {
  let list: KeyvList | undefined;
  try {
    const store = await findStore(flags, io);
    if (store === undefined) return 1;
    const open = async () => {
      list = await openList(store.uri, name, systemClock);
      return list;
    };
    return await work(store, open, `list ${name} in ${store.location.shown}`);
  } catch (error) {
    if (!isExpected(error)) throw error;
    await write(io.stderr, `otel-hids list ${command}: ${error.message}\n`);
    return 1;
  } finally {
    await list?.close();
  }
}

function isExpected(error: unknown): error is Error {
  if (error instanceof ConfigError || error instanceof StoreWriteError || error instanceof StoreCorruptError)
    return true;
  // Files and SQLite: no permission, no such directory, a disk that is full.
  return error instanceof Error && (error as NodeJS.ErrnoException).code !== undefined;
}

/** `user@host`, kept with the edit. */
export function describeUser(): string {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    // A user that has a number and no name.
    user = String(process.geteuid?.() ?? 'unknown');
  }
  return `${user}@${hostname()}`;
}

/** A file that root has made for the service before its first start must be the service's. */
function giveToOwner({ location }: FoundStore): void {
  if (location.kind !== 'sqlite' || process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(location.path));
  if (uid === 0) return;
  for (const path of [location.path, `${location.path}-wal`, `${location.path}-shm`]) {
    if (existsSync(path)) chownSync(path, uid, gid);
  }
}
