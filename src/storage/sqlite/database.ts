import { accessSync, chmodSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../../component/errors.ts';
import { makeFolder } from '../../config/make-folder.ts';
import { StoreCorruptError } from '../errors.ts';

/** `OHID`: marks a SQLite file as ours, so that a wrong path in a configuration never touches another program's data. */
const APPLICATION_ID = 0x4f484944;
/** `OH` and the number of the schema: a version that is only a damaged number does not look like a newer one. */
const SCHEMA_MARK = 0x4f48;
const SCHEMA_NUMBER = 1;

/** How long one connection waits for another one's write transaction, in milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Rows carry a CRC-32 (`checksum.ts`): SQLite checks the frames of its log but not the pages of its file. Tables have
 * no second index, which would be a second copy of the keys to go wrong.
 * `queue_items.rowid` is the queue's number and the item's id in one (`queue-rowid.ts`): oldest items first is then
 * a range of the table itself, and enqueueing only ever appends.
 */
const TABLES = [
  `CREATE TABLE state (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    crc INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE queues (
    name TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    next_id INTEGER NOT NULL,
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE queue_items (
    rowid INTEGER PRIMARY KEY,
    payload BLOB NOT NULL,
    crc INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE keyv (
    key TEXT PRIMARY KEY,
    value ANY,
    expires INTEGER
  ) STRICT, WITHOUT ROWID`,
];

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
    db.exec('PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000; PRAGMA journal_size_limit = 67108864');
    createSchema(db, path);
    return db;
  } catch (error) {
    db.close();
    // The statements above are right, so what SQLite cannot make sense of is the file.
    if (!isCorruption(error) && errorCode(error) !== SQLITE_ERROR && !isFalselyReadonly(error, path)) throw error;
    throw new StoreCorruptError(errorText(error), { cause: error });
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

const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

export function isCorruption(error: unknown): boolean {
  if (error instanceof StoreCorruptError) return true;
  const code = errorCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

export function isBusy(error: unknown): boolean {
  const code = errorCode(error);
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

/** A header that asks for a newer SQLite makes the file read-only to this one, although we may write it. */
function isFalselyReadonly(error: unknown, path: string): boolean {
  if (errorCode(error) !== SQLITE_READONLY) return false;
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** SQLite's primary result code; undefined for other errors. */
function errorCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** SQLite gives its log the mode of the database, so that must be right before SQLite sees the file. */
export function createPrivateFile(path: string): void {
  makeFolder(dirname(path), 0o700);
  closeSync(openSync(path, 'a', 0o600));
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

function checkOwner(db: DatabaseSync, path: string): void {
  const applicationId = db.prepare('PRAGMA application_id').get()?.application_id;
  if (applicationId === APPLICATION_ID) return;
  const tables = db.prepare('SELECT name FROM sqlite_schema').all();
  if (applicationId === 0 && tables.length === 0) return;
  if (tables.some((table) => table.name === 'queue_items')) throw new StoreCorruptError('its application id is wrong');
  throw new ConfigError(`${path} is an SQLite database of another program; give the store a file of its own`);
}

function createSchema(db: DatabaseSync, path: string): void {
  if (userVersion(db) === 0) {
    db.exec('BEGIN IMMEDIATE');
    try {
      // A second connection may have been faster.
      if (userVersion(db) === 0) {
        db.exec(
          `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_MARK * 2 ** 16 + SCHEMA_NUMBER}`,
        );
        for (const table of TABLES) db.exec(table);
      }
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
  const version = userVersion(db);
  if (Math.floor(version / 2 ** 16) !== SCHEMA_MARK) throw new StoreCorruptError('its schema version is wrong');
  const number = version % 2 ** 16;
  if (number !== SCHEMA_NUMBER) {
    throw new ConfigError(
      `${path} was written by another version (its schema is ${number}, this one reads ${SCHEMA_NUMBER}); ` +
        'run that version, or move the file away to begin anew',
    );
  }
  const found = new Set(
    db
      .prepare('SELECT sql FROM sqlite_schema')
      .all()
      .map((row) => row.sql),
  );
  if (!TABLES.every((table) => found.has(table))) throw new StoreCorruptError('its tables are not those of a store');
}

function userVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version);
}
