import type { Change, StateStore } from '../../../../component/state-store.ts';
import { type Event, memoryHost } from '../event.ts';
import { Deque } from './deque.ts';
import { EventList } from './event-list.ts';
import { HistoryRows } from './history-rows.ts';
import { HostShares, type OnEviction, type Quota, Share } from './host-shares.ts';
import { decodeJson, encodeJson } from './store-key.ts';
import type { Tracking } from './tracking.ts';

const NAMESPACE = 'history';
const HEAD = 'head';

/** Removed at once when the recent list overflows, before those too old to matter. */
const REMOVED_AT_ONCE = 10;

export interface HistoryBounds {
  /** Events kept in all, of all hosts together; undefined: hosts have quotas instead. */
  memorySize: number | undefined;
  /** Seconds. With quotas older events go at once, else when the list overflows. */
  maxAge: number;
  /** Events in each list; 0 for no bound of their own. */
  listSize: number;
  /** Some rule looks at all recent events, so all are kept whole. */
  keepAll: boolean;
}

class HostEvents extends Share {
  /** Oldest first. */
  readonly events = new Deque<Event>();
}

/**
 * Past events of rules that correlate (ruleset-engine 6.6): one list for each watched rule or group, and the order of
 * all events that had a result.
 *
 * Strict bounds them as the original does: so many events, whoever sent them. Otherwise hosts have quotas, and events that
 * no list holds are not remembered at all; a host that floods pushes out its own.
 */
export class History {
  private readonly onEviction: OnEviction;
  private bounds: HistoryBounds = { memorySize: undefined, maxAge: 0, listSize: 0, keepAll: false };
  /** Oldest first; a number is the time of an event that no list holds. */
  private recentEvents = new EventList<Event | number>();
  private readonly lists = new Map<string, EventList>();
  private readonly shares: HostShares<HostEvents>;
  private readonly quota: Quota;
  /** Without quotas of hosts: bytes of all events, as accounted. */
  private sharedBytes = 0;
  /** Sequence number of the next event. */
  private next = 0;
  /** Where the recent list of the store began, and the time of its newest event. */
  private loaded: { first: number; time: number } | undefined = undefined;
  private readonly rows: HistoryRows;
  private headChanged = false;

  constructor(quota: Quota, tracking: Tracking, onEviction: OnEviction) {
    this.rows = new HistoryRows(tracking);
    this.onEviction = onEviction;
    this.quota = quota;
    this.shares = new HostShares(quota, (host) => new HostEvents(host));
  }

  /** Events that some list holds, with quotas. */
  get size(): number {
    return this.shares.entries;
  }

  /** As accounted. */
  get bytes(): number {
    return this.bounds.memorySize === undefined ? this.shares.bytes : this.sharedBytes;
  }

  setBounds(bounds: HistoryBounds): void {
    this.bounds = bounds;
    this.recount();
    if (bounds.memorySize !== undefined) this.fillGaps(bounds.memorySize);
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
    const { listSize, keepAll, memorySize } = this.bounds;
    const whole = keepAll || lists.length > 0;
    if (!whole && memorySize === undefined) return;
    event.sequence = this.next++;
    event.lists = lists;
    for (const key of lists) {
      const list = this.openList(key);
      list.push(event);
      if (listSize > 0 && list.length > listSize) list.shift();
    }
    this.recentEvents.push(whole ? event : event.time);
    if (whole) this.rows.put(event);
    this.headChanged = true;
    if (memorySize === undefined) {
      this.account(event);
      return;
    }
    if (whole) this.chargeAll(event);
    if (this.recentEvents.length > memorySize) this.overflow(event.time);
  }

  /** The event was used up by a rule of this level. */
  mark(event: Event, level: number): void {
    event.matched = level;
    if (!event.gone && (event.lists.length > 0 || this.bounds.keepAll)) this.rows.put(event);
  }

  /** Drops every list but these; what is in no list any more shrinks to its time. */
  retain(wanted: (list: string) => boolean): void {
    for (const key of this.lists.keys()) if (!wanted(key)) this.lists.delete(key);
    const events = new EventList<Event | number>();
    for (let index = 0; index < this.recentEvents.length; index++) {
      const event = this.recentEvents.at(index)!;
      if (typeof event === 'number' || event.lists.every(wanted)) {
        events.push(event);
        continue;
      }
      event.lists = event.lists.filter(wanted);
      const keep = event.lists.length > 0 || this.bounds.keepAll;
      if (keep) this.rows.put(event);
      else this.rows.remove(event);
      events.push(keep ? event : event.time);
    }
    this.recentEvents = events;
    this.recount();
  }

  drain(changes: Change[]): void {
    this.rows.drain(changes);
    if (!this.headChanged) return;
    this.headChanged = false;
    const newest = this.recentEvents.at(this.recentEvents.length - 1);
    const time = typeof newest === 'object' ? newest.time : (newest ?? 0);
    changes.push({ op: 'put', namespace: NAMESPACE, key: HEAD, value: encodeJson([this.first, this.next, time]) });
  }

  load(store: StateStore): void {
    this.recentEvents = new EventList();
    this.lists.clear();
    this.rows.clear();
    this.headChanged = false;
    this.next = 0;
    this.loaded = undefined;
    const head = store.get(NAMESPACE, HEAD);
    const bounds = head ? decodeJson(head) : undefined;
    if (Array.isArray(bounds)) {
      const first = Number(bounds[0]) || 0;
      this.next = Number(bounds[1]) || 0;
      this.loaded = { first, time: Number(bounds[2]) || 0 };
      const isKept = ({ sequence }: Event) => sequence >= first && sequence < this.next;
      for (const event of this.rows.load(store.entries(NAMESPACE), isKept)) {
        this.recentEvents.push(event);
        for (const list of event.lists) this.openList(list).push(event);
      }
    }
    this.setBounds(this.bounds);
  }

  /** Sequence number of the oldest recent event. */
  private get first(): number {
    const oldest = this.recentEvents.at(0);
    if (typeof oldest === 'object') return oldest.sequence;
    // Times stand only where every event has its place.
    return this.next - this.recentEvents.length;
  }

  /** Events of no list are not stored: to be counted all the same, they get the time of the next one that is. */
  private fillGaps(memorySize: number): void {
    const end = this.next;
    let sequence = this.loaded?.first ?? this.first;
    const time = this.loaded?.time ?? 0;
    this.loaded = undefined;
    if (this.recentEvents.length === end - sequence) return;
    sequence = Math.max(sequence, end - memorySize);
    const filled = new EventList<Event | number>();
    for (let index = 0; index < this.recentEvents.length; index++) {
      const event = this.recentEvents.at(index)!;
      if (typeof event === 'number') continue;
      if (event.sequence < sequence) {
        this.sharedBytes -= event.cost;
        this.leaveLists(event);
        this.rows.remove(event);
        continue;
      }
      for (; sequence < event.sequence; sequence++) filled.push(event.time);
      filled.push(event);
      sequence++;
    }
    for (; sequence < end; sequence++) filled.push(time);
    this.recentEvents = filled;
  }

  private openList(key: string): EventList {
    let list = this.lists.get(key);
    if (!list) {
      list = new EventList();
      this.lists.set(key, list);
    }
    return list;
  }

  /** As the original: ten at once, and with them what is too old. */
  private overflow(now: number): void {
    for (let removed = 0; this.recentEvents.length > 1; removed++) {
      const oldest = this.recentEvents.at(0)!;
      const time = typeof oldest === 'number' ? oldest : oldest.time;
      if (removed >= REMOVED_AT_ONCE && now - time <= this.bounds.maxAge) return;
      this.removeOldest();
    }
  }

  /** Giant lines: the original cuts them at 64 KiB and so needs no bound on bytes. */
  private chargeAll(event: Event): void {
    event.cost = costOf(event);
    this.sharedBytes += event.cost;
    while (this.sharedBytes > this.quota.bytes && this.recentEvents.length > 1) {
      this.removeOldest();
      this.onEviction(memoryHost(event), 'total');
    }
  }

  private removeOldest(): void {
    const event = this.recentEvents.shift();
    if (typeof event !== 'object') return;
    this.sharedBytes -= event.cost;
    this.rows.remove(event);
    for (const key of event.lists) {
      const list = this.lists.get(key);
      if (list?.at(0) === event) list.shift();
      if (list?.length === 0) this.lists.delete(key);
    }
  }

  /** Charges its host with an event, and forgets what is too old or too much. */
  private account(event: Event): void {
    const share = this.charge(event);
    for (;;) {
      const oldest = this.recentEvents.at(0);
      if (typeof oldest !== 'object' || event.time - oldest.time <= this.bounds.maxAge) break;
      this.forget(oldest);
    }
    this.settle(share);
  }

  private charge(event: Event): HostEvents {
    const share = this.shares.open(memoryHost(event));
    share.events.push(event);
    event.cost = costOf(event);
    this.shares.change(share, 1, event.cost);
    return share;
  }

  private settle(share: HostEvents): void {
    for (let debtor = this.shares.debtor(share); debtor; debtor = this.shares.debtor(share)) {
      const oldest = debtor.share.events.at(0);
      if (!oldest) return;
      this.forget(oldest);
      this.onEviction(debtor.share.host, debtor.bound);
    }
  }

  /** The oldest event of its host leaves. */
  private forget(event: Event): void {
    const share = this.shares.of(memoryHost(event))!;
    share.events.shift();
    this.shares.change(share, -1, -event.cost);
    this.rows.remove(event);
    this.headChanged = true;
    this.leaveLists(event);
    this.recentEvents.noteGone();
    if (this.recentEvents.isMostlyGaps) this.recentEvents = this.recentEvents.alive();
  }

  private leaveLists(event: Event): void {
    event.gone = true;
    for (const key of event.lists) {
      const list = this.lists.get(key);
      if (!list) continue;
      if (!list.noteGone()) this.lists.delete(key);
      else if (list.isMostlyGaps) this.lists.set(key, list.alive());
    }
  }

  /** After a change of everything: who holds how much. */
  private recount(): void {
    this.shares.clear();
    this.sharedBytes = 0;
    const fair = this.bounds.memorySize === undefined;
    const events = new EventList<Event | number>();
    for (let index = 0; index < this.recentEvents.length; index++) {
      const event = this.recentEvents.at(index)!;
      if (typeof event === 'number' ? fair : event.gone) continue;
      events.push(event);
      if (typeof event !== 'object') continue;
      if (fair) this.charge(event);
      else {
        event.cost = costOf(event);
        this.sharedBytes += event.cost;
      }
    }
    this.recentEvents = events;
    for (const share of [...this.shares.values()]) this.settle(share);
  }
}

/** What an event takes besides its texts, and a field besides its own. */
const EVENT_BYTES = 600;
const FIELD_BYTES = 64;

/**
 * Roughly what an event takes. Its fields are mostly parts of the log; what it was shown together with may be all that
 * still holds those texts.
 */
function costOf(event: Event): number {
  const { fullLog, log, location, hostname, agentId, previous, dynamicCount } = event;
  let bytes = EVENT_BYTES + fullLog.length + location.length + hostname.length + agentId.length;
  // Where it is no part of the whole text, as after a queue's decoder.
  if (log.length > fullLog.length) bytes += log.length;
  for (const text of previous) bytes += text.length;
  return bytes + FIELD_BYTES * dynamicCount;
}
