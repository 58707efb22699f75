import type { Event } from '../event.ts';
import type { SearchKey } from '../search-key.ts';
import { growInts } from './growing.ts';
import { KeyIndex, KeyTable } from './key-table.ts';
import { Lows } from './lows.ts';
import type { PastEvents } from './past-events.ts';

export const NONE = -1;

// A place: six numbers side by side, so that one look brings all of them into the cache. It is known by where it begins.
const PLACE = 6;
const EVENT = 0;
/** The next place of the same event. */
const NEXT = 1;
/** Number of the list, and the neighbours in it. */
const LIST = 2;
const OLDER = 3;
const NEWER = 4;
/** The first of its links in the key table. */
const LINK = 5;

/** Some of the past events, in the order they came. Walk it by `newest` and `PastLists.older`; its places are no events. */
export class PastList {
  /** Undefined where it goes by no name. */
  readonly name: string | undefined;
  readonly id: number;
  /** Which of its events share what rules ask for; made when the first rule asks. */
  readonly indexes: KeyIndex[] = [];
  readonly lows = new Lows();
  newest = NONE;
  oldest = NONE;
  length = 0;

  constructor(name: string | undefined, id: number) {
    this.name = name;
    this.id = id;
  }
}

/**
 * Lists of past events, of which each can be in several, and can leave them all in constant time. A place is an event in
 * one list; numbers instead of objects as in `PastEvents`.
 */
export class PastLists {
  private readonly events: PastEvents;
  readonly keys: KeyTable;
  private readonly named = new Map<string, PastList>();
  private lists: (PastList | undefined)[] = [];
  private readonly freeLists: number[] = [];
  private readonly freePlaces: number[] = [];
  private count = 0;
  /** By event: its first place. */
  private first = new Int32Array(0);
  private places = new Int32Array(0);

  constructor(events: PastEvents) {
    this.events = events;
    this.keys = new KeyTable(events);
  }

  get(name: string): PastList | undefined {
    return this.named.get(name);
  }

  names(): IterableIterator<string> {
    return this.named.keys();
  }

  /** The list of that name, which goes away with its last event; without a name a new one, until it is dropped. */
  open(name?: string): PastList {
    const known = name === undefined ? undefined : this.named.get(name);
    if (known) return known;
    const list = new PastList(name, this.freeLists.pop() ?? this.lists.length);
    this.lists[list.id] = list;
    if (name !== undefined) this.named.set(name, list);
    return list;
  }

  /** Empties a list and forgets it. */
  drop(list: PastList): void {
    while (list.oldest !== NONE) this.shift(list);
    this.close(list);
  }

  /** The event at a place. */
  event(place: number): number {
    return this.places[place + EVENT]!;
  }

  /** The place before, -1 for none. */
  older(place: number): number {
    return this.places[place + OLDER]!;
  }

  /** The event that is the oldest of a list, -1 for none. */
  oldest(list: PastList): number {
    return list.oldest === NONE ? NONE : this.places[list.oldest + EVENT]!;
  }

  /** The places behind, -1 for none. */
  newer(place: number): number {
    return this.places[place + NEWER]!;
  }

  /** The event is in no list yet. */
  enter(past: number): void {
    if (past >= this.first.length) this.first = growInts(this.first, Math.max(64, past * 2));
    this.first[past] = NONE;
  }

  /** Makes an event the newest of a list. `event` is the same one as it came, where it is at hand. */
  append(list: PastList, past: number, event: Event | undefined): void {
    const place = this.freePlaces.pop() ?? this.takePlace();
    this.places[place + EVENT] = past;
    this.places[place + NEXT] = this.first[past]!;
    this.first[past] = place;
    this.places[place + LIST] = list.id;
    this.places[place + OLDER] = list.newest;
    this.places[place + NEWER] = NONE;
    this.places[place + LINK] = NONE;
    if (list.newest === NONE) list.oldest = place;
    else this.places[list.newest + NEWER] = place;
    list.newest = place;
    list.length++;
    const { indexes } = list;
    if (indexes.length === 0) return;
    list.lows.add(this.events.sequence(past), this.events.time(past), this.events.sequence(this.oldest(list)));
    const whole = event ?? this.events.read(past);
    for (const index of indexes)
      this.places[place + LINK] = this.keys.link(index, past, whole, this.places[place + LINK]!);
  }

  /** Takes the oldest event out of a list. */
  shift(list: PastList): void {
    const place = list.oldest;
    const past = this.places[place + EVENT]!;
    let at = this.first[past]!;
    if (at === place) this.first[past] = this.places[place + NEXT]!;
    else {
      while (this.places[at + NEXT] !== place) at = this.places[at + NEXT]!;
      this.places[at + NEXT] = this.places[place + NEXT]!;
    }
    this.unlink(place, list);
  }

  /** Takes an event out of all lists. */
  leave(past: number): void {
    for (let place = this.first[past]!; place !== NONE; ) {
      const next = this.places[place + NEXT]!;
      this.unlink(place, this.lists[this.places[place + LIST]!]!);
      place = next;
    }
    this.first[past] = NONE;
  }

  /** The index of a list by that key. */
  index(list: PastList, key: SearchKey): KeyIndex {
    for (const index of list.indexes) if (index.key === key) return index;
    const index = new KeyIndex(key);
    const { lows } = list;
    if (list.indexes.length === 0) lows.clear();
    for (let place = list.oldest; place !== NONE; place = this.places[place + NEWER]!) {
      const past = this.places[place + EVENT]!;
      if (list.indexes.length === 0) lows.add(this.events.sequence(past), this.events.time(past), 0);
      this.places[place + LINK] = this.keys.link(index, past, this.events.read(past), this.places[place + LINK]!);
    }
    list.indexes.push(index);
    return index;
  }

  /** Rules ask anew what lists have to know. */
  dropIndexes(): void {
    for (const list of this.named.values()) list.indexes.length = 0;
    this.keys.clear();
    for (let place = 0; place < this.count; place += PLACE) this.places[place + LINK] = NONE;
  }

  clear(): void {
    this.named.clear();
    this.lists = [];
    this.freeLists.length = 0;
    this.freePlaces.length = 0;
    this.count = 0;
    this.keys.clear();
  }

  private takePlace(): number {
    const place = this.count;
    this.count += PLACE;
    if (this.count > this.places.length)
      this.places = growInts(this.places, Math.max(64 * PLACE, this.places.length * 2));
    return place;
  }

  private unlink(place: number, list: PastList): void {
    const older = this.places[place + OLDER]!;
    const newer = this.places[place + NEWER]!;
    if (newer === NONE) list.newest = older;
    else this.places[newer + OLDER] = older;
    if (older === NONE) list.oldest = newer;
    else this.places[older + NEWER] = newer;
    if (this.places[place + LINK] !== NONE) this.keys.unlink(this.places[place + LINK]!);
    this.freePlaces.push(place);
    if (--list.length === 0 && list.name !== undefined) this.close(list);
  }

  private close(list: PastList): void {
    if (list.name !== undefined && this.named.get(list.name) === list) this.named.delete(list.name);
    if (this.lists[list.id] !== list) return;
    this.lists[list.id] = undefined;
    this.freeLists.push(list.id);
  }
}
