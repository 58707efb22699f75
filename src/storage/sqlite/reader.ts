import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { QueueItem } from '../../component/state-store.ts';
import { itemChecksum, stateChecksum } from './checksum.ts';
import { idOfRowid, rowidsAfter } from './queue-rowid.ts';

/** Rows that `entries` reads at once: it holds no read transaction open while its caller works on them. */
const PAGE = 500;

/** Where a stored value is not what was written. */
export type OnDamagedRow = (place: { namespace?: string; queue?: string; key: string }) => void;

/** The reading half of the store; everything it returns was committed. */
export class Reader {
  readonly #onDamaged: OnDamagedRow;
  readonly #get: StatementSync;
  readonly #page: StatementSync;
  readonly #pageAfter: StatementSync;
  readonly #queue: StatementSync;
  readonly #peek: StatementSync;

  constructor(db: DatabaseSync, onDamaged: OnDamagedRow) {
    this.#onDamaged = onDamaged;
    this.#get = db.prepare('SELECT value, crc FROM state WHERE namespace = ? AND key = ?');
    const page = 'SELECT key, value, crc FROM state WHERE namespace = ? AND key';
    this.#page = db.prepare(`${page} >= ? ORDER BY key LIMIT ${PAGE}`);
    this.#pageAfter = db.prepare(`${page} > ? ORDER BY key LIMIT ${PAGE}`);
    this.#queue = db.prepare('SELECT number, items, bytes FROM queues WHERE name = ?');
    this.#peek = db.prepare(
      'SELECT rowid, payload, crc FROM queue_items WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?',
    );
  }

  get(namespace: string, key: string): Uint8Array | undefined {
    const row = this.#get.get(namespace, key);
    if (!row) return undefined;
    if (isBytes(row.value) && stateChecksum(namespace, key, row.value) === row.crc) return row.value;
    this.#onDamaged({ namespace, key });
    return undefined;
  }

  *entries(namespace: string, prefix = ''): Generator<readonly [key: string, value: Uint8Array]> {
    let rows = this.#page.all(namespace, prefix);
    for (;;) {
      for (const { key, value, crc } of rows) {
        // SQLite compares the bytes of UTF-8, so all keys with the prefix stand together.
        if (typeof key !== 'string' || !key.startsWith(prefix)) return;
        if (isBytes(value) && stateChecksum(namespace, key, value) === crc) yield [key, value];
        else this.#onDamaged({ namespace, key });
      }
      if (rows.length < PAGE) return;
      rows = this.#pageAfter.all(namespace, String(rows.at(-1)?.key));
    }
  }

  peek(queue: string, limit: number, afterId = 0): QueueItem[] {
    const found = this.#queue.get(queue);
    if (!found || limit <= 0) return [];
    const items: QueueItem[] = [];
    let after = afterId;
    while (items.length < limit) {
      const wanted = limit - items.length;
      const { first, last } = rowidsAfter(Number(found.number), after);
      const rows = this.#peek.all(first, last, wanted);
      for (const row of rows) {
        const rowid = Number(row.rowid);
        const id = idOfRowid(rowid);
        after = id;
        const { payload } = row;
        if (isBytes(payload) && itemChecksum(rowid, payload) === row.crc) items.push({ id, payload });
        else this.#onDamaged({ queue, key: String(id) });
      }
      if (rows.length < wanted) break;
    }
    return items;
  }

  queueSize(queue: string): { items: number; bytes: number } {
    const row = this.#queue.get(queue);
    return { items: Number(row?.items ?? 0), bytes: Number(row?.bytes ?? 0) };
  }
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}
