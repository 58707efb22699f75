import type { Change } from '../../../../component/state-store.ts';
import type { Event } from '../event.ts';
import { decodeEvents, decodeOldEvent, encodeEvents } from './event-codec.ts';
import type { PastEvents } from './past-events.ts';
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

const GONE = -1;

/** Some events that were stored by one commit. A row is never written again; what leaves it is noted beside it. */
class HistoryRow {
  readonly key: string;
  /** By place; -1 once gone. */
  readonly pasts: number[];
  live = 0;
  goneStored = false;

  constructor(key: string, pasts: number[]) {
    this.key = key;
    this.pasts = pasts;
  }

  gone(): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.pasts.length / 8));
    this.pasts.forEach((past, place) => {
      if (past === GONE) bits[place >> 3]! |= 1 << (place & 7);
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
  private readonly events: PastEvents;
  private readonly tracking: Tracking;
  /** By event: where the store holds it, and as the how manieth of that row. */
  private rowOf: (HistoryRow | undefined)[] = [];
  private placeOf: number[] = [];
  private pending: number[] = [];
  /** By event: itself as it came, until it is written; else it is read back. */
  private fresh: (Event | undefined)[] = [];
  private readonly touched = new Set<HistoryRow>();
  /** Number of the next row. */
  private next = 0;

  constructor(events: PastEvents, tracking: Tracking) {
    this.events = events;
    this.tracking = tracking;
  }

  /** An event is new (then it comes along), or something about it changed. */
  put(past: number, event?: Event): void {
    if (!this.tracking.enabled || this.rowOf[past] === PENDING) return;
    this.remove(past);
    this.rowOf[past] = PENDING;
    this.fresh[past] = event;
    this.pending.push(past);
  }

  /** An event is forgotten. */
  remove(past: number): void {
    const row = this.rowOf[past];
    if (row === undefined) return;
    this.rowOf[past] = undefined;
    if (row === PENDING) {
      this.fresh[past] = undefined;
      return;
    }
    row.pasts[this.placeOf[past]!] = GONE;
    row.live--;
    this.touched.add(row);
  }

  drain(changes: Change[]): void {
    for (const row of this.touched) if (row.live * SPARSE <= row.pasts.length) this.moveOut(row);
    this.writePending(changes);
    for (const row of this.touched) {
      if (row.live > 0) {
        changes.push({ op: 'put', namespace: NAMESPACE, key: goneKey(row.key), value: row.gone() });
        row.goneStored = true;
        continue;
      }
      changes.push({ op: 'delete', namespace: NAMESPACE, key: row.key });
      if (row.goneStored) changes.push({ op: 'delete', namespace: NAMESPACE, key: goneKey(row.key) });
    }
    this.touched.clear();
  }

  clear(): void {
    this.rowOf = [];
    this.placeOf = [];
    this.fresh = [];
    this.pending = [];
    this.touched.clear();
    this.next = 0;
  }

  /**
   * Begins anew with what is stored: `enter` takes in the events that are `wanted`, by their numbers, and says as what they
   * are known from now on.
   */
  load(stored: Iterable<Row>, wanted: (event: Event) => boolean, enter: (event: Event) => number): void {
    this.clear();
    const found: { event: Event; row: HistoryRow; place: number }[] = [];
    for (const { key, events, goneStored } of readRows(stored)) {
      const row = new HistoryRow(key, new Array<number>(events.length).fill(GONE));
      row.goneStored = goneStored;
      let unwanted = false;
      for (const [place, event] of events.entries()) {
        if (event && wanted(event)) found.push({ event, row, place });
        else if (event) unwanted = true;
      }
      // Clears away what is not wanted; a row with nothing in it that could be read, or nothing that counts.
      if (unwanted || !events.some((event) => event !== undefined)) this.touched.add(row);
      if (ROW_KEY.test(key)) this.next = Math.max(this.next, Number(key.slice(1)) + 1);
    }
    found.sort((one, other) => bySequence(one.event, other.event));
    for (const [index, { event, row, place }] of found.entries()) {
      // Of an event that changed since, the newest counts, should the note that the older one is gone be damaged.
      if (found[index + 1]?.event.sequence === event.sequence) {
        this.touched.add(row);
        continue;
      }
      const past = enter(event);
      this.rowOf[past] = row;
      this.placeOf[past] = place;
      row.pasts[place] = past;
      row.live++;
    }
  }

  private takeEvent(past: number): Event {
    const { events } = this;
    const event = this.fresh[past];
    if (!event) return events.read(past);
    this.fresh[past] = undefined;
    event.sequence = events.sequence(past);
    event.matched = events.matched(past);
    event.lists = events.origin(past).lists;
    return event;
  }

  private moveOut(row: HistoryRow): void {
    for (const past of row.pasts) if (past !== GONE) this.put(past);
  }

  private writePending(changes: Change[]): void {
    // Some were forgotten before they were written; whoever was put twice since stands here once more.
    let row = new HistoryRow(rowKey(this.next), []);
    let events: Event[] = [];
    let bytes = 0;
    const write = () => {
      if (events.length === 0) return;
      changes.push({ op: 'put', namespace: NAMESPACE, key: row.key, value: encodeEvents(events) });
      row = new HistoryRow(rowKey(++this.next), []);
      events = [];
      bytes = 0;
    };
    for (const past of this.pending) {
      if (this.rowOf[past] !== PENDING) continue;
      const event = this.takeEvent(past);
      this.rowOf[past] = row;
      this.placeOf[past] = row.live++;
      row.pasts.push(past);
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

interface StoredRow {
  readonly key: string;
  /** By place; undefined once gone. */
  readonly events: (Event | undefined)[];
  goneStored: boolean;
}

function readRows(stored: Iterable<Row>): StoredRow[] {
  const rows: StoredRow[] = [];
  const gone = new Map<string, Uint8Array>();
  for (const [key, value] of stored) {
    if (ROW_KEY.test(key)) rows.push({ key, events: decodeEvents(value) ?? [], goneStored: false });
    else if (GONE_KEY.test(key)) gone.set(key, value);
    else if (OLD_KEY.test(key)) rows.push({ key, events: readOldRow(key, value), goneStored: false });
  }
  for (const row of rows) {
    const bits = OLD_KEY.test(row.key) ? undefined : gone.get(goneKey(row.key));
    if (!bits) continue;
    row.goneStored = true;
    for (let place = 0; place < row.events.length; place++) {
      if (((bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0) row.events[place] = undefined;
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

/** Of the row that says what of another is gone. */
const goneKey = (key: string): string => `g${key.slice(-16)}`;
