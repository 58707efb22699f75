import type { DatabaseSync } from 'node:sqlite';
import type { Counter, Histogram } from '@opentelemetry/api';
import type { Change, QueueItem, StateStore } from '../../component/state-store.ts';
import { SECONDS } from '../../component/telemetry.ts';
import { checkChanges } from '../changes.ts';
import { StoreClosedError, StoreCorruptError, StoreWriteError } from '../errors.ts';
import type { StoreOptions } from '../options.ts';
import { checkIntegrity, errorText, isCorruption, openDatabase } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import type { StoreLock } from './lock.ts';
import { lockStore } from './lock.ts';
import { packCommit } from './packed-changes.ts';
import { quarantine } from './quarantine.ts';
import { Reader } from './reader.ts';
import { salvage } from './salvage.ts';

/** Damaged rows that are remembered as reported. */
const MAX_REPORTED = 1000;

/**
 * The embedded store: reads on the calling thread, writes on one of its own, an fsync for each transaction.
 *
 * A damaged database is moved aside and a fresh one, with what could still be read, takes its place: at once when the
 * store is opened; later, reads throw StoreCorruptError until the exchange is done, and commits wait for it.
 */
export class SqliteStateStore implements StateStore {
  readonly #path: string;
  readonly #options: StoreOptions;
  readonly #lock: StoreLock;
  readonly #corruptions: Counter;
  readonly #damagedRows: Counter;
  readonly #duration: Histogram;
  readonly #reported = new Set<string>();
  #db: DatabaseSync;
  #reader: Reader;
  #writer: GroupCommit;
  #damage: StoreCorruptError | undefined;
  #recovery: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @throws StoreLockedError where another process owns the store
   * @throws ConfigError where the file is no store of this version
   */
  constructor(path: string, options: StoreOptions) {
    this.#path = path;
    this.#options = options;
    this.#corruptions = options.meter.createCounter('hids_store_corruptions', {
      description: 'Times the store was found damaged and replaced by a fresh one',
    });
    this.#damagedRows = options.meter.createCounter('hids_store_damaged_rows', {
      description: 'Stored values whose checksum was wrong; they count as missing',
    });
    this.#duration = options.meter.createHistogram('hids_store_commit_duration', SECONDS);
    this.#lock = lockStore(path);
    try {
      this.#db = this.#open();
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#reader = this.#createReader();
    this.#writer = new GroupCommit(path);
  }

  /** Transactions written so far: what group commit saves is the number of commits over this. */
  get transactions(): number {
    return this.#writer.groups;
  }

  get(namespace: string, key: string): Uint8Array | undefined {
    return this.#read((reader) => reader.get(namespace, key));
  }

  *entries(namespace: string, prefix?: string): Generator<readonly [key: string, value: Uint8Array]> {
    const entries = this.#read((reader) => reader.entries(namespace, prefix));
    for (;;) {
      const next = this.#read(() => entries.next());
      if (next.done) return;
      yield next.value;
    }
  }

  peek(queue: string, limit: number, afterId?: number): QueueItem[] {
    return this.#read((reader) => reader.peek(queue, limit, afterId));
  }

  queueSize(queue: string): { items: number; bytes: number } {
    return this.#read((reader) => reader.queueSize(queue));
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.#closing !== undefined) throw new StoreClosedError();
    checkChanges(changes);
    const packed = packCommit(changes);
    if (this.#damage) await this.#recover();
    const start = performance.now();
    const fault = await this.#writer.commit(packed);
    if (!fault) {
      this.#duration.record((performance.now() - start) / 1000);
      return;
    }
    if (!fault.corrupt) throw new StoreWriteError(`${this.#path}: ${fault.message}`);
    throw this.#markDamaged(fault.message);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#recovery?.catch(() => {});
    await this.#writer.drain();
    await this.#writer.close();
    // The last connection moves the log into the database and removes it.
    if (this.#db.isOpen) this.#db.close();
    this.#lock.release();
  }

  #read<T>(use: (reader: Reader) => T): T {
    if (this.#closing !== undefined) throw new StoreClosedError();
    if (this.#damage) throw this.#damage;
    try {
      return use(this.#reader);
    } catch (error) {
      if (!isCorruption(error)) throw error;
      throw this.#markDamaged(errorText(error));
    }
  }

  #markDamaged(message: string): StoreCorruptError {
    this.#damage ??= new StoreCorruptError(`${this.#path} is damaged: ${message}`);
    const damage = this.#damage;
    // Nobody may be committing now; a failed exchange is tried again with the next commit.
    this.#recover().catch((error: unknown) => {
      this.#options.logger.error({ path: this.#path, error: errorText(error) }, 'the damaged store cannot be replaced');
    });
    return damage;
  }

  #recover(): Promise<void> {
    this.#recovery ??= this.#replace().finally(() => {
      this.#recovery = undefined;
    });
    return this.#recovery;
  }

  async #replace(): Promise<void> {
    await this.#writer.drain();
    await this.#writer.close();
    if (this.#db.isOpen) this.#db.close();
    this.#db = this.#exchange(this.#damage?.message ?? 'damaged');
    this.#reader = this.#createReader();
    this.#writer = new GroupCommit(this.#path);
    this.#damage = undefined;
  }

  #open(): DatabaseSync {
    let db: DatabaseSync | undefined;
    try {
      db = openDatabase(this.#path);
      checkIntegrity(db);
      return db;
    } catch (error) {
      db?.close();
      if (!isCorruption(error)) throw error;
      return this.#exchange(errorText(error));
    }
  }

  #exchange(reason: string): DatabaseSync {
    const { logger, clock, reportHealth } = this.#options;
    const quarantined = quarantine(this.#path, clock.now());
    const db = openDatabase(this.#path);
    const salvaged = salvage(quarantined, db);
    this.#corruptions.add(1);
    logger.error(
      { path: this.#path, quarantined, reason, salvaged },
      'the store was damaged; it was moved aside and a fresh one holds what could still be read',
    );
    reportHealth?.({ name: 'store quarantined', subject: this.#path, fields: { reason, moved_to: quarantined } });
    return db;
  }

  #createReader(): Reader {
    return new Reader(this.#db, (place) => {
      const name = JSON.stringify(place);
      if (this.#reported.has(name)) return;
      if (this.#reported.size < MAX_REPORTED) this.#reported.add(name);
      this.#damagedRows.add(1);
      this.#options.logger.error({ path: this.#path, ...place }, 'a stored value is damaged and counts as missing');
      // An item that nobody can read would stay at the head of its queue for ever.
      if (place.queue === undefined) return;
      const removal: Change = { op: 'dequeue', queue: place.queue, ids: [Number(place.key)] };
      this.commit([removal]).catch(() => this.#reported.delete(name));
    });
  }
}
