import { createHash } from 'node:crypto';
import type { Change } from '../../component/state-store.ts';

/**
 * How state lies in a Keyv. Keys are short, of a known length and plain ASCII whatever a log line brings (PostgreSQL's
 * adapter takes 255 characters, Redis patterns and Keyv's prefixes have characters of their own); the names themselves
 * are in the values.
 */
export type StoredRecord =
  | { kind: 'state'; namespace: string; key: string; value: Uint8Array }
  | { kind: 'item'; queue: string; id: number; payload: Uint8Array }
  | { kind: 'next'; queue: string; nextId: number }
  /** Removed, where a removal alone could be undone; see `Generations`. */
  | { kind: 'gone' };

/** One write or removal (`value` null) in the Keyv. */
export interface KeyvWrite {
  key: string;
  value: string | null;
}

/** A change whose effect does not depend on what is stored, so that it can be applied again. */
export type FixedChange =
  | Extract<Change, { op: 'put' | 'delete' | 'dequeue' }>
  | { op: 'enqueue'; queue: string; id: number; payload: Uint8Array }
  | { op: 'reserve'; queue: string; nextId: number };

/** What a commit writes; a later write to the same key replaces an earlier one. */
export function toWrites(changes: readonly FixedChange[]): KeyvWrite[] {
  const writes = new Map<string, string | null>();
  for (const change of changes) {
    switch (change.op) {
      case 'put':
        writes.set(stateKey(change.namespace, change.key), pack(change.namespace, change.key, change.value));
        break;
      case 'delete':
        writes.set(stateKey(change.namespace, change.key), null);
        break;
      case 'enqueue':
        writes.set(itemKey(change.queue, change.id), pack(change.queue, change.id, change.payload));
        writes.set(nextKey(change.queue), JSON.stringify([change.queue, change.id + 1]));
        break;
      case 'dequeue':
        for (const id of change.ids) writes.set(itemKey(change.queue, id), null);
        break;
      case 'reserve':
        writes.set(nextKey(change.queue), JSON.stringify([change.queue, change.nextId]));
        break;
    }
  }
  return [...writes].map(([key, value]) => ({ key, value }));
}

/** Stands for a record that was removed. */
export function goneText(): string {
  return '[]';
}

/**
 * Reads back what `toWrites` wrote; undefined for keys of another kind (the owner, the journal).
 *
 * @param key the record's own, without the number of its place
 * @throws where the value is damaged
 */
export function parseRecord(key: string, value: unknown): StoredRecord | undefined {
  const kind = key.slice(0, 2);
  if (kind !== 's-' && kind !== 'i-' && kind !== 'n-') return undefined;
  const parts: unknown = JSON.parse(String(value));
  if (!Array.isArray(parts)) throw new TypeError('no list');
  if (parts.length === 0) return { kind: 'gone' };
  const [name, second, text] = parts as unknown[];
  if (typeof name !== 'string') throw new TypeError('no name');
  const bytes = () => {
    if (typeof text !== 'string') throw new TypeError('no bytes');
    return new Uint8Array(Buffer.from(text, 'base64'));
  };
  let record: Exclude<StoredRecord, { kind: 'gone' }>;
  if (kind === 's-' && typeof second === 'string') {
    record = { kind: 'state', namespace: name, key: second, value: bytes() };
  } else if (kind === 'i-' && Number.isSafeInteger(second)) {
    record = { kind: 'item', queue: name, id: Number(second), payload: bytes() };
  } else if (kind === 'n-' && Number.isSafeInteger(second)) {
    record = { kind: 'next', queue: name, nextId: Number(second) };
  } else {
    throw new TypeError('wrong type');
  }
  if (keyOf(record) !== key) throw new TypeError('the value belongs to another key');
  return record;
}

/** A journal entry: one commit, complete, before any of it is applied. */
export function encodeJournal(writes: readonly KeyvWrite[]): string {
  return JSON.stringify({ writes: writes.map(({ key, value }) => [key, value]) });
}

/** @throws where the text is damaged */
export function decodeJournal(text: unknown): KeyvWrite[] {
  const entry = JSON.parse(String(text)) as { writes?: unknown };
  if (!Array.isArray(entry.writes)) throw new TypeError('no list');
  return entry.writes.map((part: unknown): KeyvWrite => {
    const [key, value] = part as unknown[];
    if (typeof key !== 'string' || (value !== null && typeof value !== 'string')) throw new TypeError('wrong type');
    return { key, value };
  });
}

function keyOf(record: Exclude<StoredRecord, { kind: 'gone' }>): string {
  if (record.kind === 'state') return stateKey(record.namespace, record.key);
  return record.kind === 'item' ? itemKey(record.queue, record.id) : nextKey(record.queue);
}

function stateKey(namespace: string, key: string): string {
  return `s-${digest(`${namespace}\0${key}`)}`;
}

function itemKey(queue: string, id: number): string {
  return `i-${digest(queue)}-${id}`;
}

function nextKey(queue: string): string {
  return `n-${digest(queue)}`;
}

function pack(name: string, second: string | number, bytes: Uint8Array): string {
  return JSON.stringify([name, second, Buffer.from(bytes).toString('base64')]);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}
