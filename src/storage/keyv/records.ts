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
  | { kind: 'next'; queue: string; nextId: number };

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

/**
 * Reads back what `toWrites` wrote; undefined for keys of another kind (the owner, the journal).
 *
 * @throws where the value is damaged
 */
export function parseRecord(key: string, value: unknown): StoredRecord | undefined {
  const kind = key.slice(0, 2);
  if (kind !== 's-' && kind !== 'i-' && kind !== 'n-') return undefined;
  const parts: unknown = JSON.parse(String(value));
  if (!Array.isArray(parts)) throw new TypeError('no list');
  const [name, second, text] = parts as unknown[];
  if (typeof name !== 'string') throw new TypeError('no name');
  const bytes = () => {
    if (typeof text !== 'string') throw new TypeError('no bytes');
    return new Uint8Array(Buffer.from(text, 'base64'));
  };
  let record: StoredRecord;
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
export interface JournalText {
  /** Numbers of earlier entries whose writing failed for the caller, and which may have arrived all the same. */
  voids: number[];
  writes: KeyvWrite[];
}

export function encodeJournal({ voids, writes }: JournalText): string {
  return JSON.stringify({ voids, writes: writes.map(({ key, value }) => [key, value]) });
}

/** @throws where the text is damaged */
export function decodeJournal(text: unknown): JournalText {
  const entry = JSON.parse(String(text)) as { voids?: unknown; writes?: unknown };
  if (!Array.isArray(entry.voids) || !Array.isArray(entry.writes)) throw new TypeError('no list');
  const writes = entry.writes.map((part: unknown): KeyvWrite => {
    const [key, value] = part as unknown[];
    if (typeof key !== 'string' || (value !== null && typeof value !== 'string')) throw new TypeError('wrong type');
    return { key, value };
  });
  return { voids: entry.voids.map(Number), writes };
}

export function keyOf(record: StoredRecord): string {
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
