import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Change } from '../../component/state-store.ts';
import { itemChecksum, stateChecksum } from './checksum.ts';
import { MAX_QUEUES, toRowid } from './queue-rowid.ts';

interface QueueCounters {
  number: number;
  nextId: number;
  items: number;
  bytes: number;
}

/** Applies changes to the database. Queue counters live here between transactions; nobody else writes them. */
export class Writer {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #enqueue: StatementSync;
  readonly #dequeue: StatementSync;
  readonly #saveQueue: StatementSync;
  readonly #loadQueue: StatementSync;
  readonly #nextQueueNumber: StatementSync;
  #queues = new Map<string, QueueCounters>();
  readonly #changed = new Set<string>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#put = db.prepare(
      'INSERT INTO state (namespace, key, value, crc) VALUES (?, ?, ?, ?) ' +
        'ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, crc = excluded.crc',
    );
    this.#delete = db.prepare('DELETE FROM state WHERE namespace = ? AND key = ?');
    this.#enqueue = db.prepare('INSERT INTO queue_items (rowid, payload, crc) VALUES (?, ?, ?)');
    this.#dequeue = db.prepare('DELETE FROM queue_items WHERE rowid = ? RETURNING length(payload) AS bytes');
    this.#saveQueue = db.prepare(
      'INSERT INTO queues (name, number, next_id, items, bytes) VALUES (?, ?, ?, ?, ?) ' +
        'ON CONFLICT (name) DO UPDATE SET next_id = excluded.next_id, items = excluded.items, bytes = excluded.bytes',
    );
    this.#loadQueue = db.prepare('SELECT number, next_id, items, bytes FROM queues WHERE name = ?');
    this.#nextQueueNumber = db.prepare('SELECT coalesce(max(number), 0) + 1 AS number FROM queues');
  }

  /**
   * Applies many commits in one transaction, in order. Where that fails, each gets a transaction of its own, so that
   * what is wrong with one is told to its caller alone. The answer has an error or undefined for each commit; `onStored`
   * hears of each one as soon as it is on disk.
   */
  apply(commits: readonly (readonly Change[])[], onStored: (index: number) => void = () => {}): unknown[] {
    if (commits.length > 1 && this.#transaction(commits) === undefined) {
      for (const index of commits.keys()) onStored(index);
      return commits.map(() => undefined);
    }
    return commits.map((commit, index) => {
      const error = this.#transaction([commit]);
      if (error === undefined) onStored(index);
      return error;
    });
  }

  #transaction(commits: readonly (readonly Change[])[]): unknown {
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      for (const changes of commits) for (const change of changes) this.#applyOne(change);
      for (const name of this.#changed) {
        const queue = this.#queues.get(name)!;
        this.#saveQueue.run(name, queue.number, queue.nextId, queue.items, queue.bytes);
      }
      this.#db.exec('COMMIT');
      this.#changed.clear();
      return undefined;
    } catch (error) {
      // Counters are read anew from what is stored.
      this.#queues = new Map();
      this.#changed.clear();
      // A full disk or an input/output error has ended the transaction already.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      return error ?? new Error('unknown error');
    }
  }

  #applyOne(change: Change): void {
    switch (change.op) {
      case 'put':
        this.#put.run(
          change.namespace,
          change.key,
          change.value,
          stateChecksum(change.namespace, change.key, change.value),
        );
        return;
      case 'delete':
        this.#delete.run(change.namespace, change.key);
        return;
      case 'enqueue': {
        const queue = this.#queue(change.queue, true)!;
        const rowid = toRowid(queue.number, queue.nextId);
        this.#enqueue.run(rowid, change.payload, itemChecksum(rowid, change.payload));
        queue.nextId++;
        queue.items++;
        queue.bytes += change.payload.byteLength;
        this.#changed.add(change.queue);
        return;
      }
      case 'dequeue': {
        const queue = this.#queue(change.queue, false);
        if (!queue) return;
        for (const id of change.ids) {
          if (id < 1 || id >= queue.nextId) continue;
          const removed = this.#dequeue.get(toRowid(queue.number, id));
          if (!removed) continue;
          queue.items--;
          queue.bytes -= Number(removed.bytes);
          this.#changed.add(change.queue);
        }
        return;
      }
    }
  }

  #queue(name: string, create: boolean): QueueCounters | undefined {
    const known = this.#queues.get(name);
    if (known) return known;
    const row = this.#loadQueue.get(name);
    let queue: QueueCounters;
    if (row) {
      queue = {
        number: Number(row.number),
        nextId: Number(row.next_id),
        items: Number(row.items),
        bytes: Number(row.bytes),
      };
    } else {
      if (!create) return undefined;
      const number = Number(this.#nextQueueNumber.get()?.number);
      if (number > MAX_QUEUES) throw new RangeError(`more than ${MAX_QUEUES} queues in one store`);
      queue = { number, nextId: 1, items: 0, bytes: 0 };
      // At once: the next new queue of this transaction takes its number from the table.
      this.#saveQueue.run(name, number, 1, 0, 0);
    }
    this.#queues.set(name, queue);
    return queue;
  }
}
