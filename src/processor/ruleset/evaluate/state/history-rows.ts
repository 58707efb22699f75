import type { Change } from '../../../../component/state-store.ts';
import type { Event } from '../event.ts';
import { decodeEvents, decodeOldEvent, encodeEvents } from './event-codec.ts';
import type { Tracking } from './tracking.ts';

const NAMESPACE = 'history';
/** Events of one row: enough to make the row's own cost small, few enough to lose where one is damaged. */
const ROW_EVENTS = 64;
/** Bytes of texts after which a row is full. */
const ROW_BYTES = 64 * 1024;
/** Where no more than one in so many events of a row is left, those move to a new one. */
const SPARSE = 4;

const ROW_KEY = /^e\d{16}$/;
/** Says which events of a row are gone: one bit for each. */
const GONE_KEY = /^g\d{16}$/;
/** Of older versions: one event, whose number is the key. */
const OLD_KEY = /^\d{16}$/;

type Row = readonly [key: string, value: Uint8Array];

/** Some events that were stored by one commit. A row is never written again; what leaves it is noted beside it. */
export class HistoryRow {
  readonly key: string;
  /** By place; undefined once gone. */
  readonly events: (Event | undefined)[];
  live: number;
  goneStored = false;

  constructor(key: string, events: (Event | undefined)[]) {
    this.key = key;
    this.events = events;
    this.live = 0;
    for (let place = 0; place < events.length; place++) {
      const event = events[place];
      if (!event) continue;
      event.row = this;
      event.place = place;
      this.live++;
    }
  }

  /** Key of the row that says what is gone. */
  get goneKey(): string {
    return `g${this.key.slice(-16)}`;
  }

  remove({ place }: Event): void {
    if (this.events[place] === undefined) return;
    this.events[place] = undefined;
    this.live--;
  }

  gone(): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.events.length / 8));
    this.events.forEach((event, place) => {
      if (!event) bits[place >> 3]! |= 1 << (place & 7);
    });
    return bits;
  }
}

/** Stands for the row of events that are not written yet. */
const PENDING = new HistoryRow('', []);

/**
 * Past events in the store. A row of its own for each would be written and deleted for every alert; instead those of a
 * batch stand together, and what was forgotten of them is a bit each. What is left of rows that are mostly gone moves to
 * new ones, so that the store holds a few times what is remembered at most.
 */
export class HistoryRows {
  private readonly tracking: Tracking;
  private pending: Event[] = [];
  private readonly touched = new Set<HistoryRow>();
  /** Number of the next row. */
  private next = 0;

  constructor(tracking: Tracking) {
    this.tracking = tracking;
  }

  /** An event is new, or something about it changed. */
  put(event: Event): void {
    if (!this.tracking.enabled || event.row === PENDING) return;
    this.remove(event);
    event.row = PENDING;
    this.pending.push(event);
  }

  /** An event is forgotten. */
  remove(event: Event): void {
    const { row } = event;
    event.row = undefined;
    if (row === undefined || row === PENDING) return;
    row.remove(event);
    this.touched.add(row);
  }

  drain(changes: Change[]): void {
    for (const row of this.touched) if (row.live * SPARSE <= row.events.length) this.moveOut(row);
    this.writePending(changes);
    for (const row of this.touched) {
      if (row.live > 0) {
        changes.push({ op: 'put', namespace: NAMESPACE, key: row.goneKey, value: row.gone() });
        row.goneStored = true;
        continue;
      }
      changes.push({ op: 'delete', namespace: NAMESPACE, key: row.key });
      if (row.goneStored) changes.push({ op: 'delete', namespace: NAMESPACE, key: row.goneKey });
    }
    this.touched.clear();
  }

  clear(): void {
    this.pending = [];
    this.touched.clear();
    this.next = 0;
  }

  /** Begins anew with what is stored; the events that `wanted` takes, by their numbers. */
  load(stored: Iterable<Row>, wanted: (event: Event) => boolean): Event[] {
    this.clear();
    const found: Event[] = [];
    for (const row of readRows(stored)) {
      for (let place = 0; place < row.events.length; place++) {
        const event = row.events[place];
        if (!event) continue;
        if (wanted(event)) found.push(event);
        else this.remove(event);
      }
      // Nothing in it that could be read, or nothing that counts.
      if (row.live === 0) this.touched.add(row);
      if (ROW_KEY.test(row.key)) this.next = Math.max(this.next, Number(row.key.slice(1)) + 1);
    }
    return this.withoutCopies(found.sort(bySequence));
  }

  /** Of an event that changed since, the newest counts, should the note that the older one is gone be damaged. */
  private withoutCopies(events: readonly Event[]): Event[] {
    return events.filter((event, index) => {
      const isCopy = events[index + 1]?.sequence === event.sequence;
      if (isCopy) this.remove(event);
      return !isCopy;
    });
  }

  private moveOut(row: HistoryRow): void {
    for (const event of row.events) if (event) this.put(event);
  }

  private writePending(changes: Change[]): void {
    // Some were forgotten before they were written; whoever was put twice since stands here once more.
    let events: Event[] = [];
    let bytes = 0;
    const write = () => {
      if (events.length === 0) return;
      const row = new HistoryRow(rowKey(this.next++), events);
      changes.push({ op: 'put', namespace: NAMESPACE, key: row.key, value: encodeEvents(events) });
      events = [];
      bytes = 0;
    };
    for (const event of this.pending) {
      if (event.row !== PENDING) continue;
      event.row = undefined;
      events.push(event);
      bytes += event.fullLog.length;
      if (events.length >= ROW_EVENTS || bytes >= ROW_BYTES) write();
    }
    write();
    this.pending = [];
  }
}

/** Past events as rows of another place in the store. */
export function writeHistory(events: readonly Event[]): Row[] {
  const rows: Row[] = [];
  for (let start = 0; start < events.length; start += ROW_EVENTS) {
    rows.push([rowKey(rows.length), encodeEvents(events.slice(start, start + ROW_EVENTS))]);
  }
  return rows;
}

/** The past events that rows hold, by their numbers. */
export function readHistory(stored: Iterable<Row>): Event[] {
  const events: Event[] = [];
  for (const row of readRows(stored)) for (const event of row.events) if (event) events.push(event);
  return events.sort(bySequence);
}

function readRows(stored: Iterable<Row>): HistoryRow[] {
  const rows: HistoryRow[] = [];
  const gone = new Map<string, Uint8Array>();
  for (const [key, value] of stored) {
    if (ROW_KEY.test(key)) rows.push(new HistoryRow(key, decodeEvents(value) ?? []));
    else if (GONE_KEY.test(key)) gone.set(key, value);
    else if (OLD_KEY.test(key)) rows.push(new HistoryRow(key, readOldRow(key, value)));
  }
  for (const row of rows) {
    const bits = OLD_KEY.test(row.key) ? undefined : gone.get(row.goneKey);
    if (!bits) continue;
    row.goneStored = true;
    for (const event of row.events) {
      if (event && ((bits[event.place >> 3] ?? 0) & (1 << (event.place & 7))) !== 0) row.remove(event);
    }
  }
  return rows;
}

function readOldRow(key: string, value: Uint8Array): Event[] {
  const event = decodeOldEvent(value);
  if (!event) return [];
  event.sequence = Number(key);
  return [event];
}

function bySequence(one: Event, other: Event): number {
  return one.sequence - other.sequence;
}

/** Digits in byte order. */
const rowKey = (number: number): string => `e${String(number).padStart(16, '0')}`;
