import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { DatabaseSync as Database } from 'node:sqlite';
import { itemChecksum, stateChecksum } from './checksum.ts';
import { idOfRowid, queueOfRowid } from './queue-rowid.ts';

export interface Salvaged {
  state: number;
  items: number;
  lists: number;
}

/**
 * Copies what is still readable from a damaged database into a new one: each table is read from both ends until a
 * damaged page stops it, and rows whose checksum is wrong are left out.
 */
export function salvage(damagedPath: string, target: DatabaseSync): Salvaged {
  const result: Salvaged = { state: 0, items: 0, lists: 0 };
  let source: DatabaseSync | undefined;
  try {
    source = new Database(damagedPath);
    result.state = copy(source, target, 'state', ['namespace', 'key'], ['value', 'crc'], isWholeState);
    copy(source, target, 'queues', ['name'], ['number', 'next_id', 'items', 'bytes'], () => true);
    const queues = new Set(
      target
        .prepare('SELECT number FROM queues')
        .all()
        .map((row) => row.number),
    );
    const isWholeItem = (row: Row) =>
      row.payload instanceof Uint8Array &&
      itemChecksum(Number(row.rowid), row.payload) === row.crc &&
      queues.has(queueOfRowid(Number(row.rowid)));
    result.items = copy(source, target, 'queue_items', ['rowid'], ['payload', 'crc'], isWholeItem);
    result.lists = copy(source, target, 'keyv', ['key'], ['value', 'expires'], (row) => typeof row.key === 'string');
  } catch {
    // Not even the first page can be read.
  } finally {
    source?.close();
  }
  recount(target);
  return result;
}

type Row = Record<string, SQLOutputValue>;

function copy(
  source: DatabaseSync,
  target: DatabaseSync,
  table: string,
  keys: readonly string[],
  others: readonly string[],
  isGood: (row: Row) => boolean,
): number {
  const columns = [...keys, ...others];
  const list = columns.join(', ');
  const marks = columns.map(() => '?').join(', ');
  const insert = target.prepare(`INSERT OR IGNORE INTO ${table} (${list}) VALUES (${marks})`);
  let copied = 0;
  target.exec('BEGIN IMMEDIATE');
  for (const order of ['ASC', 'DESC']) {
    try {
      const ordered = keys.map((key) => `${key} ${order}`).join(', ');
      const select = source.prepare(`SELECT ${list} FROM ${table} ORDER BY ${ordered}`);
      for (const row of select.iterate()) {
        if (!isGood(row)) continue;
        try {
          copied += Number(insert.run(...columns.map((column) => row[column])).changes);
        } catch {
          // A value of the wrong type: the row is damaged.
        }
      }
      break;
    } catch {
      // The damaged page; the other order reads what lies behind it.
    }
  }
  target.exec('COMMIT');
  return copied;
}

/** Counters must fit what arrived, and ids must never be given out twice. */
function recount(target: DatabaseSync): void {
  const items = target.prepare('SELECT rowid, length(payload) AS bytes FROM queue_items ORDER BY rowid');
  const update = target.prepare('UPDATE queues SET items = ?, bytes = ?, next_id = max(next_id, ?) WHERE number = ?');
  const counts = new Map<number, { items: number; bytes: number; nextId: number }>();
  for (const row of items.iterate()) {
    const rowid = Number(row.rowid);
    const count = counts.get(queueOfRowid(rowid)) ?? { items: 0, bytes: 0, nextId: 1 };
    count.items++;
    count.bytes += Number(row.bytes);
    count.nextId = idOfRowid(rowid) + 1;
    counts.set(queueOfRowid(rowid), count);
  }
  target.exec('BEGIN IMMEDIATE; UPDATE queues SET items = 0, bytes = 0');
  for (const [number, count] of counts) update.run(count.items, count.bytes, count.nextId, number);
  target.exec('COMMIT');
}

function isWholeState({ namespace, key, value, crc }: Row): boolean {
  return value instanceof Uint8Array && stateChecksum(String(namespace), String(key), value) === crc;
}
