import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../../component/errors.ts';
import { StoreCorruptError } from '../errors.ts';

/** `OHID`: marks a SQLite file as ours, so that a wrong path in a configuration never touches another program's data. */
const APPLICATION_ID = 0x4f484944;
const SCHEMA_VERSION = 1;

/** How long one connection waits for another one's write transaction, in milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Rows carry a CRC-32 of their bytes: SQLite checks the frames of its log but not the pages of its file.
 * `queue_items.rowid` is the queue's number and the item's id in one (`queue-rowid.ts`): oldest items first is then
 * a range of the table itself, and enqueueing only ever appends.
 */
const SCHEMA = `
  CREATE TABLE state (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    crc INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)
  ) STRICT;
  CREATE TABLE queues (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    next_id INTEGER NOT NULL,
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE queue_items (
    rowid INTEGER PRIMARY KEY,
    payload BLOB NOT NULL,
    crc INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE keyv (
    key TEXT PRIMARY KEY,
    value ANY,
    expires INTEGER
  ) STRICT;
`;

/**
 * Opens the database and creates what is missing: folder 0700, files 0600, schema.
 *
 * @throws ConfigError where the file belongs to another program or a newer version
 * @throws StoreCorruptError where it is damaged
 */
export function openDatabase(path: string): DatabaseSync {
  createPrivateFile(path);
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    checkOwner(db, path);
    db.exec('PRAGMA journal_mode = WAL');
    // FULL: a commit returns after the log is on disk. The fullfsync pair does the same on macOS.
    db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
    db.exec('PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; PRAGMA journal_size_limit = 67108864');
    createSchema(db, path);
    return db;
  } catch (error) {
    db.close();
    throw isCorruption(error) ? new StoreCorruptError(errorText(error), { cause: error }) : error;
  }
}

/** Reads every page; throws StoreCorruptError on the first fault. */
export function checkIntegrity(db: DatabaseSync): void {
  let result: unknown;
  try {
    result = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
  } catch (error) {
    if (!isCorruption(error)) throw error;
    result = errorText(error);
  }
  if (result !== 'ok') throw new StoreCorruptError(String(result));
}

/** SQLITE_CORRUPT (11) and SQLITE_NOTADB (26), extended codes included. */
export function isCorruption(error: unknown): boolean {
  if (error instanceof StoreCorruptError) return true;
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' && ((code & 0xff) === 11 || (code & 0xff) === 26);
}

/** SQLITE_BUSY (5) and SQLITE_LOCKED (6). */
export function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' && ((code & 0xff) === 5 || (code & 0xff) === 6);
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** SQLite gives its log the mode of the database, so that must be right before SQLite sees the file. */
export function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

function checkOwner(db: DatabaseSync, path: string): void {
  const applicationId = db.prepare('PRAGMA application_id').get()?.application_id;
  if (applicationId === APPLICATION_ID) return;
  const tables = db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count;
  if (applicationId !== 0 || tables !== 0) {
    throw new ConfigError(`${path} is an SQLite database of another program; give the store a file of its own`);
  }
}

function createSchema(db: DatabaseSync, path: string): void {
  if (schemaVersion(db) === 0) {
    db.exec('BEGIN IMMEDIATE');
    try {
      // A second connection may have been faster.
      if (schemaVersion(db) === 0) {
        db.exec(`PRAGMA application_id = ${APPLICATION_ID}; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION};`);
      }
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
  const version = schemaVersion(db);
  if (version !== SCHEMA_VERSION) {
    throw new ConfigError(
      `${path} was written by another version (its schema is ${version}, this one reads ${SCHEMA_VERSION}); ` +
        'run that version, or move the file away to begin anew',
    );
  }
}

function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version);
}
