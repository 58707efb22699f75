import type { Keyv } from 'keyv';
import { MemoryState } from '../memory-state.ts';
import { entriesOf } from './entries.ts';
import { splitKey } from './generations.ts';
import type { KeyvWrite, StoredRecord } from './records.ts';
import { decodeJournal, parseRecord } from './records.ts';

/** Commits whose application did not end, oldest first. */
export interface JournalEntry {
  key: string;
  epoch: number;
  seq: number;
  writes: KeyvWrite[];
}

interface Place {
  key: string;
  generation: number;
  record: StoredRecord;
}

export interface Loaded {
  state: MemoryState;
  journal: JournalEntry[];
  /** Places of records that lie elsewhere than at first, by the records' keys. */
  generations: Map<string, number>;
  /** Earlier places, and marks of what was removed: to be removed in this order. */
  left: string[];
  /** Keys whose values are no records any more. */
  damaged: string[];
}

/** Reads everything the namespace holds. Rejects rather than answering with a part of it. */
export async function loadAll(keyv: Keyv): Promise<Loaded> {
  const places = new Map<string, Place>();
  const left: string[] = [];
  const journal: JournalEntry[] = [];
  const damaged: string[] = [];
  for await (const [key, value] of entriesOf(keyv)) {
    try {
      const entry = parseJournalKey(key);
      if (entry) {
        journal.push({ ...entry, key, writes: decodeJournal(value) });
        continue;
      }
      const { key: ownKey, generation } = splitKey(key);
      const record = parseRecord(ownKey, value);
      if (!record) continue;
      const known = places.get(ownKey);
      if (known && known.generation > generation) {
        left.push(key);
        continue;
      }
      if (known) left.push(known.key);
      places.set(ownKey, { key, generation, record });
    } catch {
      damaged.push(key);
    }
  }
  journal.sort((a, b) => a.epoch - b.epoch || a.seq - b.seq);
  const records: StoredRecord[] = [];
  const generations = new Map<string, number>();
  for (const [ownKey, { key, generation, record }] of places) {
    if (record.kind === 'gone') left.push(key);
    else if (generation > 0) generations.set(ownKey, generation);
    records.push(record);
  }
  return { state: toState(records), journal, generations, left, damaged };
}

/** Builds the state in memory; the order of the records does not matter. */
function toState(records: Iterable<StoredRecord>): MemoryState {
  const state = new MemoryState();
  const items: Extract<StoredRecord, { kind: 'item' }>[] = [];
  for (const record of records) {
    if (record.kind === 'state') state.put(record.namespace, record.key, record.value);
    else if (record.kind === 'next') state.reserveIds(record.queue, record.nextId);
    else if (record.kind === 'item') items.push(record);
  }
  items.sort((a, b) => a.id - b.id);
  for (const { queue, id, payload } of items) state.enqueue(queue, payload, id);
  return state;
}

export function journalKey(epoch: number, seq: number): string {
  return `j-${epoch}-${seq}`;
}

function parseJournalKey(key: string): { epoch: number; seq: number } | undefined {
  const match = /^j-(\d+)-(\d+)$/.exec(key);
  return match ? { epoch: Number(match[1]), seq: Number(match[2]) } : undefined;
}
