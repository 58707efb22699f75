import type { Keyv } from 'keyv';
import { MemoryState } from '../memory-state.ts';
import { entriesOf } from './entries.ts';
import type { KeyvWrite, StoredRecord } from './records.ts';
import { decodeJournal, parseRecord } from './records.ts';

/** Commits whose application did not end, oldest first. */
export interface JournalEntry {
  key: string;
  epoch: number;
  seq: number;
  voids: number[];
  writes: KeyvWrite[];
}

export interface Loaded {
  state: MemoryState;
  journal: JournalEntry[];
  /** Keys whose values are no records any more. */
  damaged: string[];
}

/** Reads everything the namespace holds. Rejects rather than answering with a part of it. */
export async function loadAll(keyv: Keyv): Promise<Loaded> {
  const records = new Map<string, StoredRecord>();
  const journal: JournalEntry[] = [];
  const damaged: string[] = [];
  for await (const [key, value] of entriesOf(keyv)) {
    try {
      const entry = parseJournalKey(key);
      const record = entry ? undefined : parseRecord(key, value);
      if (entry) journal.push({ ...entry, key, ...decodeJournal(value) });
      else if (record) records.set(key, record);
    } catch {
      damaged.push(key);
    }
  }
  journal.sort((a, b) => a.epoch - b.epoch || a.seq - b.seq);
  return { state: toState(records.values()), journal, damaged };
}

/** Builds the state in memory; the order of the records does not matter. */
function toState(records: Iterable<StoredRecord>): MemoryState {
  const state = new MemoryState();
  const items: Extract<StoredRecord, { kind: 'item' }>[] = [];
  for (const record of records) {
    if (record.kind === 'state') state.put(record.namespace, record.key, record.value);
    else if (record.kind === 'next') state.reserveIds(record.queue, record.nextId);
    else items.push(record);
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
