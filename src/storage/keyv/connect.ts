import type { EventEmitter } from 'node:events';
import { Keyv } from 'keyv';
import { StoreWriteError } from '../errors.ts';
import type { StoreLocation } from '../uri.ts';
import { reasonOf } from './reason.ts';

type RemoteLocation = Extract<StoreLocation, { uri: string }>;

/** A Keyv whose failures reject, and the way to end it. */
export interface KeyvConnection {
  keyv: Keyv;
  close(): Promise<void>;
}

/** Milliseconds for a connection to come about. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Attempts at the start; a connection that was there once is tried for ever. */
const FIRST_ATTEMPTS = 4;
/** Milliseconds for a command; a store that needs longer is as good as gone. */
export const COMMAND_TIMEOUT_MS = 10_000;
const TABLE = 'otel_hids';

/**
 * Connects to Redis, Valkey or PostgreSQL through Keyv's own adapters. Commands fail at once while there is no
 * connection: the caller keeps its data and comes again, instead of commands waiting in a queue without a bound.
 *
 * @param namespace letters, digits, `_`, `.` and `-`: Keyv splits keys at the first colon
 * @throws StoreWriteError where there is no connection (PostgreSQL: with the first command)
 */
export async function connectKeyv(location: RemoteLocation, namespace: string): Promise<KeyvConnection> {
  if (location.kind === 'redis') return connectRedis(location, namespace);
  if (location.kind === 'valkey') return connectValkey(location, namespace);
  return connectPostgres(location.uri, namespace);
}

// The adapters are loaded on demand: most processes use none of them.

async function connectRedis({ uri, shown }: RemoteLocation, namespace: string): Promise<KeyvConnection> {
  const { default: KeyvRedis } = await import('@keyv/redis');
  let wasConnected = false;
  const adapter = new KeyvRedis(
    {
      url: uri,
      disableOfflineQueue: true,
      // A connection that says nothing for longer than the pings allow is dead.
      pingInterval: 4_000,
      socket: {
        connectTimeout: CONNECT_TIMEOUT_MS,
        socketTimeout: 12_000,
        reconnectStrategy: (attempt: number, cause: Error) =>
          wasConnected || attempt < FIRST_ATTEMPTS ? backoff(attempt) : cause,
      },
    },
    { namespace, throwOnErrors: true },
  );
  const keyv = new Keyv(adapter, { namespace, useKeyPrefix: false, throwOnErrors: true });
  // Forced: a polite end waits for an answer that may never come.
  const close = () => adapter.disconnect(true);
  try {
    await adapter.client.connect();
    wasConnected = true;
  } catch (error) {
    await close();
    throw cannotConnect(shown, error);
  }
  return { keyv, close };
}

async function connectValkey({ uri, shown }: RemoteLocation, namespace: string): Promise<KeyvConnection> {
  const { default: KeyvValkey } = await import('@keyv/valkey');
  let wasConnected = false;
  const adapter = new KeyvValkey(uri, {
    enableOfflineQueue: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    // Null ends the attempts.
    retryStrategy: (attempt) => (wasConnected || attempt < FIRST_ATTEMPTS ? backoff(attempt) : null),
  });
  const keyv = new Keyv(adapter, { namespace, throwOnErrors: true });
  const client = adapter.redis as EventEmitter & { disconnect(): void };
  // It connects by itself, and without a queue a command before that would fail.
  await new Promise<void>((resolve, reject) => {
    let reason: unknown;
    client.on('error', (error) => {
      reason = error;
    });
    client.once('end', () => reject(cannotConnect(shown, reason)));
    client.once('ready', () => resolve());
  });
  wasConnected = true;
  return { keyv, close: async () => client.disconnect() };
}

interface PostgresPool extends EventEmitter {
  end(): Promise<void>;
}

/** A pool of connections; all Keyvs of one URI share it. */
interface SharedPool {
  uri: string;
  users: number;
  pool: PostgresPool | undefined;
}

/** The pool the adapter's module holds: it knows one, that of the URI used last. */
let newestPool: SharedPool | undefined;

async function connectPostgres(uri: string, namespace: string): Promise<KeyvConnection> {
  const { default: KeyvPostgres } = await import('@keyv/postgres');
  if (newestPool?.uri !== uri) newestPool = { uri, users: 0, pool: undefined };
  const shared = newestPool;
  shared.users++;
  const adapter = new KeyvPostgres({
    uri,
    table: TABLE,
    iterationLimit: 1000,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: COMMAND_TIMEOUT_MS,
    allowExitOnIdle: true,
    keepAlive: true,
    // The adapter keeps its pool to itself, and a pool without an error listener ends the process when the server
    // closes an idle connection. The pool calls its `log` as a method, before it connects for the first time.
    log(this: PostgresPool) {
      if (shared.pool) return;
      shared.pool = this;
      this.on('error', (error) => adapter.emit('error', error));
    },
  });
  const keyv = new Keyv(adapter, { namespace, throwOnErrors: true });
  const close = async () => {
    shared.users--;
    if (shared.users > 0) return;
    if (shared === newestPool) {
      newestPool = undefined;
      await adapter.disconnect();
    } else {
      // `disconnect` would end the pool of another URI.
      await shared.pool?.end();
    }
  };
  return { keyv, close };
}

function cannotConnect(shown: string, error: unknown): StoreWriteError {
  return new StoreWriteError(`${shown}: cannot connect: ${reasonOf(error)}`);
}

/** Milliseconds before the next attempt to connect. */
function backoff(attempt: number): number {
  return Math.min(100 * 2 ** attempt, 5_000) * (0.5 + Math.random() / 2);
}
