import type { DatabaseSync } from 'node:sqlite';
import { DatabaseSync as Database } from 'node:sqlite';
import { crc32 } from 'node:zlib';
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
    result.state = copy(source, target, 'state', ['namespace', 'key', 'value', 'crc'], (row) =>
      isWhole(row.value, row.crc),
    );
    copy(source, target, 'queues', ['number', 'name', 'next_id', 'items', 'bytes'], () => true);
    const queues = new Set(
      target
        .prepare('SELECT number FROM queues')
        .all()
        .map((row) => row.number),
    );
    result.items = copy(
      source,
      target,
      'queue_items',
      ['rowid', 'payload', 'crc'],
      (row) => isWhole(row.payload, row.crc) && queues.has(queueOfRowid(Number(row.rowid))),
    );
    result.lists = copy(source, target, 'keyv', ['key', 'value', 'expires'], (row) => typeof row.key === 'string');
  } catch {
    // Not even the first page can be read.
  } finally {
    source?.close();
  }
  recount(target);
  return result;
}

type Row = Record<string, unknown>;

function copy(
  source: DatabaseSync,
  target: DatabaseSync,
  table: string,
  columns: readonly string[],
  isGood: (row: Row) => boolean,
): number {
  const list = columns.join(', ');
  const marks = columns.map(() => '?').join(', ');
  const insert = target.prepare(`INSERT OR IGNORE INTO ${table} (${list}) VALUES (${marks})`);
  let copied = 0;
  target.exec('BEGIN IMMEDIATE');
  for (const order of ['ASC', 'DESC']) {
    try {
      const select = source.prepare(`SELECT ${list} FROM ${table} NOT INDEXED ORDER BY rowid ${order}`);
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

function isWhole(value: unknown, crc: unknown): boolean {
  return value instanceof Uint8Array && crc32(value) === crc;
}
