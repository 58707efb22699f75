import type { Change, StateStore } from '../../../../component/state-store.ts';
import type { Event } from '../event.ts';
import { Deque } from './deque.ts';
import { decodeEvent, encodeEvent } from './event-codec.ts';
import { decodeJson, encodeJson } from './store-key.ts';
import type { Tracking } from './tracking.ts';

const NAMESPACE = 'history';
const HEAD = 'head';

/** Removed at once when the recent list overflows, before those too old to matter. */
const REMOVED_AT_ONCE = 10;

export interface HistoryBounds {
  /** Events kept in all. */
  memorySize: number;
  /** Seconds: when the list overflows, older events go too. */
  maxAge: number;
  /** Events in each list; 0 for no bound of their own. */
  listSize: number;
  /** Some rule looks at all recent events, so all are kept whole. */
  keepAll: boolean;
}

/**
 * Past events of rules that correlate (ruleset-engine 6.6): one list for each watched rule or group, and the order of
 * all events that had a result, which bounds them. Of events in no list only the time is kept.
 */
export class History {
  private readonly tracking: Tracking;
  private bounds: HistoryBounds = { memorySize: 8192, maxAge: 0, listSize: 0, keepAll: false };
  /** Oldest first; a number is the time of an event that no list holds. */
  private readonly recentEvents = new Deque<Event | number>();
  private readonly lists = new Map<string, Deque<Event>>();
  /** Sequence number of the oldest recent event. */
  private first = 0;
  private readonly changed = new Map<number, Event | undefined>();
  private headChanged = false;

  constructor(tracking: Tracking) {
    this.tracking = tracking;
  }

  setBounds(bounds: HistoryBounds): void {
    this.bounds = bounds;
    if (bounds.listSize === 0) return;
    for (const list of this.lists.values()) while (list.length > bounds.listSize) list.shift();
  }

  list(key: string): Deque<Event> | undefined {
    return this.lists.get(key);
  }

  get recent(): Deque<Event | number> {
    return this.recentEvents;
  }

  /** Takes an event that had a result into the recent list and the named ones. */
  add(event: Event, lists: readonly string[]): void {
    event.sequence = this.first + this.recentEvents.length;
    event.lists = lists;
    const { listSize, keepAll, memorySize, maxAge } = this.bounds;
    for (const key of lists) {
      const list = this.openList(key);
      list.push(event);
      if (listSize > 0 && list.length > listSize) list.shift();
    }
    const whole = keepAll || lists.length > 0;
    this.recentEvents.push(whole ? event : event.time);
    if (whole) this.note(event.sequence, event);
    this.headChanged = true;
    if (this.recentEvents.length <= memorySize) return;
    for (let removed = 0; this.recentEvents.length > 1; removed++) {
      const oldest = this.recentEvents.at(0)!;
      const time = typeof oldest === 'number' ? oldest : oldest.time;
      if (removed >= REMOVED_AT_ONCE && event.time - time <= maxAge) break;
      this.removeOldest();
    }
  }

  /** The event was used up by a rule of this level. */
  mark(event: Event, level: number): void {
    event.matched = level;
    if (event.lists.length > 0 || this.bounds.keepAll) this.note(event.sequence, event);
  }

  /** Drops every list but these; what is in no list any more shrinks to its time. */
  retain(wanted: (list: string) => boolean): void {
    for (const key of this.lists.keys()) if (!wanted(key)) this.lists.delete(key);
    const events: (Event | number)[] = [];
    for (let index = 0; index < this.recentEvents.length; index++) {
      const event = this.recentEvents.at(index)!;
      if (typeof event === 'number' || event.lists.every(wanted)) {
        events.push(event);
        continue;
      }
      event.lists = event.lists.filter(wanted);
      const keep = event.lists.length > 0 || this.bounds.keepAll;
      this.note(event.sequence, keep ? event : undefined);
      events.push(keep ? event : event.time);
    }
    this.recentEvents.clear();
    for (const event of events) this.recentEvents.push(event);
  }

  drain(changes: Change[]): void {
    for (const [sequence, event] of this.changed) {
      const key = sequenceKey(sequence);
      if (event && sequence >= this.first) {
        changes.push({ op: 'put', namespace: NAMESPACE, key, value: encodeEvent(event) });
      } else changes.push({ op: 'delete', namespace: NAMESPACE, key });
    }
    this.changed.clear();
    if (!this.headChanged) return;
    this.headChanged = false;
    const newest = this.recentEvents.at(this.recentEvents.length - 1);
    const time = typeof newest === 'object' ? newest.time : (newest ?? 0);
    const value = encodeJson([this.first, this.first + this.recentEvents.length, time]);
    changes.push({ op: 'put', namespace: NAMESPACE, key: HEAD, value });
  }

  load(store: StateStore): void {
    this.recentEvents.clear();
    this.lists.clear();
    this.changed.clear();
    this.headChanged = false;
    this.first = 0;
    const head = store.get(NAMESPACE, HEAD);
    const bounds = head ? decodeJson(head) : undefined;
    if (!Array.isArray(bounds)) return;
    this.first = Number(bounds[0]) || 0;
    const end = Number(bounds[1]) || 0;
    for (const [key, bytes] of store.entries(NAMESPACE)) {
      const sequence = Number(key);
      if (!Number.isInteger(sequence) || sequence < this.first || sequence >= end) continue;
      const event = decodeEvent(bytes);
      if (!event) continue;
      event.sequence = sequence;
      // Events of no list were not stored: they get the time of the next that was.
      while (this.first + this.recentEvents.length < sequence) this.recentEvents.push(event.time);
      this.recentEvents.push(event);
      for (const list of event.lists) {
        const events = this.openList(list);
        events.push(event);
        if (this.bounds.listSize > 0 && events.length > this.bounds.listSize) events.shift();
      }
    }
    while (this.first + this.recentEvents.length < end) this.recentEvents.push(Number(bounds[2]) || 0);
  }

  private note(sequence: number, event: Event | undefined): void {
    if (this.tracking.enabled) this.changed.set(sequence, event);
  }

  private openList(key: string): Deque<Event> {
    let list = this.lists.get(key);
    if (!list) {
      list = new Deque();
      this.lists.set(key, list);
    }
    return list;
  }

  private removeOldest(): void {
    const event = this.recentEvents.shift();
    const sequence = this.first++;
    if (typeof event !== 'object') return;
    this.note(sequence, undefined);
    for (const key of event.lists) {
      const list = this.lists.get(key);
      if (list?.at(0) === event) list.shift();
      if (list?.length === 0) this.lists.delete(key);
    }
  }
}

/** Digits in byte order. */
const sequenceKey = (sequence: number): string => String(sequence).padStart(16, '0');
