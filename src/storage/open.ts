import { pathToFileURL } from 'node:url';
import { Keyv } from 'keyv';
import type { Clock } from '../component/clock.ts';
import { ConfigError } from '../component/errors.ts';
import type { StateStore } from '../component/state-store.ts';
import { connectKeyv } from './keyv/connect.ts';
import { KeyvStateStore } from './keyv/store.ts';
import { KeyvList, listNamespace } from './list/list.ts';
import { MemoryStateStore } from './memory-store.ts';
import type { StoreOptions } from './options.ts';
import { SqliteKeyvAdapter } from './sqlite/keyv-adapter.ts';
import { SqliteStateStore } from './sqlite/store.ts';
import { parseStoreUri, type StoreLocation } from './uri.ts';

export interface OpenStoreOptions extends StoreOptions {
  /** Prefix of everything on a shared server; one for each process. Default `otel-hids`. SQLite needs none. */
  namespace?: string;
  /** For shared servers: milliseconds without a sign of life after which another process may take over. */
  leaseMs?: number;
}

/**
 * Opens the store a URI names: `sqlite:///path`, `redis://`, `rediss://`, `valkey://`, `valkeys://`, `postgres://`,
 * or `memory:`.
 *
 * @throws ConfigError where the URI is wrong; no message holds a credential
 * @throws StoreLockedError where another process owns the store
 * @throws StoreWriteError where a server cannot be reached
 */
export async function openStore(uri: string, options: OpenStoreOptions): Promise<StateStore> {
  const location = parseStoreUri(uri);
  if (location.kind === 'memory') return new MemoryStateStore();
  if (location.kind === 'sqlite') return new SqliteStateStore(location.path, options);
  // Lists of the same server lie under a prefix of their own, so that reading the state does not read them.
  const namespace = `${checkNamespace(options.namespace ?? 'otel-hids')}-state`;
  const connection = await connectKeyv(location, namespace);
  return KeyvStateStore.open(connection, { ...options, shown: location.shown });
}

/**
 * Opens a namespace for users' data (shared lists, `keyv:NAME`) on the store a URI names. It owns nothing: several
 * processes may have it open, beside the store itself. Failures reject; end it with `disconnect`.
 *
 * @throws ConfigError where the URI or the namespace is wrong
 */
export async function openKeyv(uri: string, namespace: string): Promise<Keyv> {
  return openKeyvAt(parseStoreUri(uri), namespace);
}

/**
 * Opens `keyv:NAME`, a list that several processes share. The list needs not be there.
 *
 * @throws ConfigError where the URI or the name is wrong
 * @throws StoreWriteError where a server cannot be reached
 */
export async function openList(uri: string, name: string, clock: Clock): Promise<KeyvList> {
  const location = parseStoreUri(uri);
  return new KeyvList(await openKeyvAt(location, listNamespace(name)), clock, location.shown);
}

/** The URI of an SQLite file. */
export function sqliteUri(path: string): string {
  return `sqlite://${pathToFileURL(path).pathname}`;
}

async function openKeyvAt(location: StoreLocation, namespace: string): Promise<Keyv> {
  checkNamespace(namespace);
  if (location.kind === 'memory') return new Keyv({ namespace, throwOnErrors: true });
  if (location.kind === 'sqlite') {
    return new Keyv(new SqliteKeyvAdapter(location.path), { namespace, throwOnErrors: true });
  }
  const { keyv, close } = await connectKeyv(location, namespace);
  keyv.disconnect = close;
  return keyv;
}

/** Keyv splits keys at the first colon, and Redis searches by patterns. */
function checkNamespace(namespace: string): string {
  if (/^[A-Za-z0-9_.-]{1,100}$/.test(namespace)) return namespace;
  throw new ConfigError(`namespace: "${namespace}" may hold letters, digits, ".", "_" and "-" only (at most 100)`);
}

/** What is wrong with a URI and a namespace, for `validate`: each message starts with the setting's name. */
export function checkStoreUri(uri: string, namespace: string): string[] {
  const problems: string[] = [];
  for (const check of [() => parseStoreUri(uri), () => checkNamespace(namespace)]) {
    try {
      check();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
    }
  }
  return problems;
}
