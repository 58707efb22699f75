import { EventEmitter } from 'node:events';
import { statSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { KeyvStoreAdapter } from 'keyv';
import { openDatabase } from './database.ts';

const PAGE = 500;

interface Connection {
  db: DatabaseSync;
  inode: number;
}

/**
 * Keyv's storage adapter on the database of the embedded store: shared lists lie beside the state, in a table of their
 * own. It does not own the store, so a command can edit a list while the pipelines run.
 */
export class SqliteKeyvAdapter extends EventEmitter implements KeyvStoreAdapter {
  /** Keyv asks for the dialect before it offers an iterator. */
  readonly opts: { dialect: string; url: string };
  namespace: string | undefined;
  readonly #path: string;
  #connection: Connection | undefined;

  constructor(path: string) {
    super();
    this.#path = path;
    this.opts = { dialect: 'sqlite', url: `sqlite://${path}` };
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    return this.#read(key) as Value | undefined;
  }

  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return keys.map((key) => this.#read(key) as Value | undefined);
  }

  async has(key: string): Promise<boolean> {
    return this.#read(key) !== undefined;
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return keys.map((key) => this.#read(key) !== undefined);
  }

  async set(key: string, value: unknown, ttl?: number): Promise<void> {
    this.#write([{ key, value, ttl }]);
  }

  async setMany(entries: { key: string; value: unknown; ttl?: number }[]): Promise<void> {
    this.#write(entries);
  }

  async delete(key: string): Promise<boolean> {
    return this.#delete([key]);
  }

  /** Whether any of the keys was there. */
  async deleteMany(keys: string[]): Promise<boolean> {
    return this.#delete(keys);
  }

  /** Removes all keys of the namespace; all keys where there is none. */
  async clear(): Promise<void> {
    const prefix = this.namespace === undefined ? '' : `${this.namespace}:`;
    this.#db().prepare('DELETE FROM keyv WHERE substr(key, 1, length(?1)) = ?1').run(prefix);
  }

  async *iterator<Value>(namespace?: string): AsyncGenerator<[string, Awaited<Value> | undefined], void> {
    const prefix = namespace === undefined ? '' : `${namespace}:`;
    let after: string | undefined;
    for (;;) {
      const bound = after === undefined ? 'key >= ?' : 'key > ?';
      const select = `SELECT key, value, expires FROM keyv WHERE ${bound} ORDER BY key LIMIT ${PAGE}`;
      const rows = this.#db()
        .prepare(select)
        .all(after ?? prefix);
      for (const { key, value, expires } of rows) {
        if (typeof key !== 'string' || !key.startsWith(prefix)) return;
        after = key;
        if (isExpired(expires)) this.#delete([key]);
        else yield [key, value as Awaited<Value>];
      }
      if (rows.length < PAGE) return;
    }
  }

  async disconnect(): Promise<void> {
    this.#connection?.db.close();
    this.#connection = undefined;
  }

  #read(key: string): SQLOutputValue | undefined {
    const row = this.#db().prepare('SELECT value, expires FROM keyv WHERE key = ?').get(key);
    if (!row || row.value === null) return undefined;
    if (!isExpired(row.expires)) return row.value;
    this.#delete([key]);
    return undefined;
  }

  #write(entries: readonly { key: string; value: unknown; ttl?: number }[]): void {
    this.#transaction((db) => {
      const insert = db.prepare(
        'INSERT INTO keyv (key, value, expires) VALUES (?, ?, ?) ' +
          'ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires',
      );
      for (const { key, value, ttl } of entries) insert.run(key, toSql(value), ttl ? Date.now() + ttl : null);
    });
  }

  #delete(keys: readonly string[]): boolean {
    return this.#transaction((db) => {
      const remove = db.prepare('DELETE FROM keyv WHERE key = ?');
      let removed = 0;
      for (const key of keys) removed += Number(remove.run(key).changes);
      return removed > 0;
    });
  }

  #transaction<T>(work: (db: DatabaseSync) => T): T {
    const db = this.#db();
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work(db);
      db.exec('COMMIT');
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Opens the file anew where the store has been replaced by a fresh one. */
  #db(): DatabaseSync {
    const inode = statSync(this.#path, { throwIfNoEntry: false })?.ino;
    if (this.#connection && this.#connection.inode === inode) return this.#connection.db;
    this.#connection?.db.close();
    this.#connection = undefined;
    const db = openDatabase(this.#path);
    this.#connection = { db, inode: statSync(this.#path).ino };
    return db;
  }
}

function isExpired(expires: SQLOutputValue): boolean {
  return typeof expires === 'number' && expires <= Date.now();
}

function toSql(value: unknown): SQLInputValue {
  if (typeof value === 'string' || typeof value === 'number' || value instanceof Uint8Array) return value;
  throw new TypeError('only what Keyv has serialised can be stored');
}
