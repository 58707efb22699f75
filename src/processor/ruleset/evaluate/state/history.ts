import type { Change, StateStore } from '../../../../component/state-store.ts';
import { type Event, memoryHost } from '../event.ts';
import { HistoryRows } from './history-rows.ts';
import { HostShares, type OnEviction, type Quota, Share } from './host-shares.ts';
import { type Origin, PastEvents } from './past-events.ts';
import { NONE, type PastList, PastLists } from './past-lists.ts';
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
  events: PastList | undefined = undefined;
}

/**
 * Past events of rules that correlate (ruleset-engine 6.6): one list for each watched rule or group, and the order of
 * all events that had a result.
 *
 * Strict bounds them as the original does: so many events, whoever sent them. Otherwise hosts have quotas, and events that
 * no list holds are not remembered at all; a host that floods pushes out its own.
 */
export class History {
  readonly events = new PastEvents();
  readonly lists = new PastLists(this.events);
  private readonly onEviction: OnEviction;
  private bounds: HistoryBounds = { memorySize: undefined, maxAge: 0, listSize: 0, keepAll: false };
  private recentEvents = this.lists.open();
  private readonly shares: HostShares<HostEvents>;
  /** By event. */
  private shareOf: HostEvents[] = [];
  private readonly quota: Quota;
  /** Without quotas of hosts: bytes of all events, as accounted. */
  private sharedBytes = 0;
  /** Sequence number of the next event. */
  private next = 0;
  /** Where the recent list of the store began, and the time of its newest event. */
  private loaded: { first: number; time: number } | undefined = undefined;
  private readonly rows: HistoryRows;
  private headChanged = false;
  private readonly origins = new Map<string, Origin[]>();

  constructor(quota: Quota, tracking: Tracking, onEviction: OnEviction) {
    this.rows = new HistoryRows(this.events, tracking);
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
    for (const name of [...this.lists.names()]) {
      const list = this.lists.get(name)!;
      while (list.length > bounds.listSize) this.lists.shift(list);
    }
  }

  list(name: string): PastList | undefined {
    return this.lists.get(name);
  }

  /** All of them; of those that no list holds only the time. */
  get recent(): PastList {
    return this.recentEvents;
  }

  /** Takes an event that had a result into the recent list and the named ones. */
  add(event: Event, lists: readonly string[]): void {
    const { keepAll, memorySize } = this.bounds;
    if (keepAll || lists.length > 0) {
      const past = this.put(event, lists, this.next++);
      this.rows.put(past, event);
      if (memorySize === undefined) this.account(past, memoryHost(event));
      else this.chargeAll(past, event);
    } else {
      if (memorySize === undefined) return;
      this.putTime(event.time, this.next++);
    }
    this.headChanged = true;
    if (memorySize !== undefined && this.recentEvents.length > memorySize) this.overflow(event.time);
  }

  /** A past event was used up by a rule of this level. */
  mark(past: number, level: number): void {
    if (!this.events.isWhole(past)) return;
    this.events.mark(past, level);
    this.rows.put(past);
  }

  /** Drops every list but these; what is in no list any more shrinks to its time. */
  retain(wanted: (list: string) => boolean): void {
    this.lists.dropIndexes();
    for (const name of [...this.lists.names()]) if (!wanted(name)) this.lists.drop(this.lists.get(name)!);
    const hollow: number[] = [];
    for (const past of this.walk(this.recentEvents)) {
      const { lists, ruleId } = this.events.origin(past);
      if (!this.events.isWhole(past) || lists.every(wanted)) continue;
      const left = lists.filter(wanted);
      if (left.length > 0 || this.bounds.keepAll) {
        this.events.setOrigin(past, this.originOf(ruleId, left));
        this.rows.put(past);
      } else hollow.push(past);
    }
    for (const past of hollow) {
      this.rows.remove(past);
      this.events.hollow(past);
    }
    this.recount();
  }

  drain(changes: Change[]): void {
    this.rows.drain(changes);
    if (!this.headChanged) return;
    this.headChanged = false;
    const { newest } = this.recentEvents;
    const time = newest === NONE ? 0 : this.events.time(this.lists.event(newest));
    changes.push({ op: 'put', namespace: NAMESPACE, key: HEAD, value: encodeJson([this.first, this.next, time]) });
  }

  load(store: StateStore): void {
    this.reset();
    const head = store.get(NAMESPACE, HEAD);
    const bounds = head ? decodeJson(head) : undefined;
    if (Array.isArray(bounds)) {
      const first = Number(bounds[0]) || 0;
      this.next = Number(bounds[1]) || 0;
      this.loaded = { first, time: Number(bounds[2]) || 0 };
      const isKept = ({ sequence }: Event) => sequence >= first && sequence < this.next;
      const enter = (event: Event) => this.put(event, event.lists, event.sequence, 0);
      this.rows.load(store.entries(NAMESPACE), isKept, enter);
    }
    this.setBounds(this.bounds);
  }

  /** Events of a list, oldest first. */
  *walk(list: PastList): IterableIterator<number> {
    for (let place = list.oldest; place !== NONE; place = this.lists.newer(place)) yield this.lists.event(place);
  }

  private reset(): void {
    this.events.clear();
    this.lists.clear();
    this.recentEvents = this.lists.open();
    this.shares.clear();
    this.shareOf = [];
    this.sharedBytes = 0;
    this.rows.clear();
    this.headChanged = false;
    this.next = 0;
    this.loaded = undefined;
  }

  private put(event: Event, lists: readonly string[], sequence: number, listSize = this.bounds.listSize): number {
    const past = this.events.add(event, sequence, this.originOf(event.ruleId, lists));
    this.events.setCost(past, this.costOf(past, event));
    this.lists.enter(past);
    this.lists.append(this.recentEvents, past, event);
    for (const name of lists) {
      const list = this.lists.open(name);
      this.lists.append(list, past, event);
      if (listSize > 0 && list.length > listSize) this.lists.shift(list);
    }
    return past;
  }

  /** Roughly what an event takes. Fields beside its record are mostly parts of the log, and keep it. */
  private costOf(past: number, { fullLog }: Event): number {
    const loose = this.events.looseFields(past);
    const fields = loose === 0 ? 0 : fullLog.length + FIELD_BYTES * loose;
    return EVENT_BYTES + this.events.size(past) + fields;
  }

  private putTime(time: number, sequence: number): void {
    const past = this.events.addTime(time, sequence);
    this.lists.enter(past);
    this.lists.append(this.recentEvents, past, undefined);
  }

  /** Sequence number of the oldest recent event. */
  private get first(): number {
    const oldest = this.lists.oldest(this.recentEvents);
    return oldest === NONE ? this.next : this.events.sequence(oldest);
  }

  /** Events of no list are not stored: to be counted all the same, they get the time of the next one that is. */
  private fillGaps(memorySize: number): void {
    const end = this.next;
    let sequence = this.loaded?.first ?? this.first;
    const time = this.loaded?.time ?? 0;
    this.loaded = undefined;
    if (this.recentEvents.length === end - sequence) return;
    sequence = Math.max(sequence, end - memorySize);
    const { events, lists } = this;
    const all = [...this.walk(this.recentEvents)];
    lists.drop(this.recentEvents);
    this.recentEvents = lists.open();
    const fill = (until: number, at: number) => {
      for (; sequence < until; sequence++) this.putTime(at, sequence);
    };
    for (const past of all) {
      if (!events.isWhole(past)) events.remove(past);
      else if (events.sequence(past) < sequence) {
        this.sharedBytes -= events.cost(past);
        this.removeEvent(past);
      } else {
        fill(events.sequence(past), events.time(past));
        lists.append(this.recentEvents, past, undefined);
        sequence++;
      }
    }
    fill(end, time);
  }

  private originOf(ruleId: string, lists: readonly string[]): Origin {
    let known = this.origins.get(ruleId);
    if (!known) {
      known = [];
      this.origins.set(ruleId, known);
    }
    for (const origin of known) {
      if (origin.lists === lists) return origin;
      if (origin.lists.length === lists.length && origin.lists.every((name, at) => name === lists[at])) return origin;
    }
    const origin = { ruleId, lists };
    known.push(origin);
    return origin;
  }

  /** As the original: ten at once, and with them what is too old. */
  private overflow(now: number): void {
    for (let removed = 0; this.recentEvents.length > 1; removed++) {
      const oldest = this.lists.oldest(this.recentEvents);
      if (removed >= REMOVED_AT_ONCE && now - this.events.time(oldest) <= this.bounds.maxAge) return;
      this.removeOldest();
    }
  }

  /** Giant lines: the original cuts them at 64 KiB and so needs no bound on bytes. */
  private chargeAll(past: number, event: Event): void {
    this.sharedBytes += this.events.cost(past);
    while (this.sharedBytes > this.quota.bytes && this.recentEvents.length > 1) {
      this.removeOldest();
      this.onEviction(memoryHost(event), 'total');
    }
  }

  private removeOldest(): void {
    const past = this.lists.oldest(this.recentEvents);
    if (this.events.isWhole(past)) {
      this.sharedBytes -= this.events.cost(past);
      this.removeEvent(past);
    } else {
      this.lists.leave(past);
      this.events.remove(past);
    }
  }

  private removeEvent(past: number): void {
    this.rows.remove(past);
    this.lists.leave(past);
    this.events.remove(past);
  }

  /** Charges its host with an event, and forgets what is too old or too much. */
  private account(past: number, host: string): void {
    const share = this.charge(past, host);
    const { events, lists, recentEvents } = this;
    const now = events.time(past);
    for (;;) {
      const oldest = lists.oldest(recentEvents);
      if (now - events.time(oldest) <= this.bounds.maxAge) break;
      this.forget(oldest, this.shareOf[oldest]!);
    }
    this.settle(share);
  }

  private charge(past: number, host: string): HostEvents {
    const share = this.shares.open(host);
    share.events ??= this.lists.open();
    this.lists.append(share.events, past, undefined);
    this.shareOf[past] = share;
    this.shares.change(share, 1, this.events.cost(past));
    return share;
  }

  private settle(share: HostEvents): void {
    for (let debtor = this.shares.debtor(share); debtor; debtor = this.shares.debtor(share)) {
      const { events } = debtor.share;
      if (!events || events.length === 0) return;
      this.forget(this.lists.oldest(events), debtor.share);
      this.onEviction(debtor.share.host, debtor.bound);
    }
  }

  private forget(past: number, share: HostEvents): void {
    const { events } = share;
    this.headChanged = true;
    const cost = this.events.cost(past);
    this.removeEvent(past);
    this.shares.change(share, -1, -cost);
    if (events?.length !== 0) return;
    this.lists.drop(events);
    share.events = undefined;
  }

  /** After a change of everything: who holds how much. */
  private recount(): void {
    for (const { events } of this.shares.values()) if (events) this.lists.drop(events);
    this.shares.clear();
    this.sharedBytes = 0;
    const fair = this.bounds.memorySize === undefined;
    for (const past of [...this.walk(this.recentEvents)]) {
      if (!this.events.isWhole(past)) {
        if (!fair) continue;
        this.lists.leave(past);
        this.events.remove(past);
      } else if (fair) this.charge(past, memoryHost(this.events.read(past)));
      else this.sharedBytes += this.events.cost(past);
    }
    for (const share of [...this.shares.values()]) this.settle(share);
  }
}

/** What an event takes besides its texts, and a field besides its own. */
const EVENT_BYTES = 250;
const FIELD_BYTES = 64;
