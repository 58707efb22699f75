import type { Event } from '../event.ts';
import type { SearchKey } from '../search-key.ts';
import { growInts } from './growing.ts';
import type { PastEvents } from './past-events.ts';

const NONE = -1;

/** The events of one list by what they share. */
export class KeyIndex {
  readonly key: SearchKey;
  /** Keeps it apart from other indexes in the table. */
  readonly salt: number;

  constructor(key: SearchKey) {
    this.key = key;
    this.salt = Math.imul(++created, GOLDEN);
  }
}

let created = 0;
const GOLDEN = 0x9e3779b1 | 0;

/**
 * Chains of past events that share a key, newest first, for all indexes together. A link is one event in one chain; a chain
 * has a head. Digests find the head, the texts of its newest event decide.
 */
export class KeyTable {
  private readonly events: PastEvents;
  private buckets: Int32Array = new Int32Array(64).fill(NONE);
  // By head: the next in its bucket, the digest with the salt of its index, the newest link, how many there are.
  private nextHead = new Int32Array(0);
  private digests = new Int32Array(0);
  private salts = new Int32Array(0);
  private newest = new Int32Array(0);
  private lengths = new Int32Array(0);
  private readonly freeHeads: number[] = [];
  private headCount = 0;
  private heads = 0;
  // By link: its event, head and neighbours, and the next link of the same place in a list.
  private eventOf = new Int32Array(0);
  private headOf = new Int32Array(0);
  private olderOf = new Int32Array(0);
  private newerOf = new Int32Array(0);
  private nextLink = new Int32Array(0);
  private readonly freeLinks: number[] = [];
  private linkCount = 0;

  constructor(events: PastEvents) {
    this.events = events;
  }

  /** The newest link of the events that agree with one, -1 where there are less than so many. */
  find({ key, salt }: KeyIndex, event: Event, least: number): number {
    const digest = key.digest(event);
    if (digest === 0) return NONE;
    const head = this.headFor(key, digest, salt, event);
    return head === NONE || this.lengths[head]! < least ? NONE : this.newest[head]!;
  }

  event(link: number): number {
    return this.eventOf[link]!;
  }

  older(link: number): number {
    return this.olderOf[link]!;
  }

  /** Makes a past event (`event` is the same) the newest of its chain; returns its link, or `next` where it has none. */
  link({ key, salt }: KeyIndex, past: number, event: Event, next: number): number {
    const digest = key.digest(event);
    if (digest === 0) return next;
    let head = this.headFor(key, digest, salt, event);
    if (head === NONE) head = this.openHead(digest, salt);
    const link = this.freeLinks.pop() ?? this.linkCount++;
    if (link >= this.eventOf.length) this.growLinks();
    const older = this.newest[head]!;
    this.eventOf[link] = past;
    this.headOf[link] = head;
    this.olderOf[link] = older;
    this.newerOf[link] = NONE;
    this.nextLink[link] = next;
    if (older !== NONE) this.newerOf[older] = link;
    this.newest[head] = link;
    this.lengths[head]!++;
    return link;
  }

  /** Takes links of one place out, from this one on. */
  unlink(first: number): void {
    for (let link = first; link !== NONE; link = this.nextLink[link]!) {
      const head = this.headOf[link]!;
      const older = this.olderOf[link]!;
      const newer = this.newerOf[link]!;
      if (older !== NONE) this.newerOf[older] = newer;
      if (newer !== NONE) this.olderOf[newer] = older;
      else this.newest[head] = older;
      this.freeLinks.push(link);
      if (--this.lengths[head]! === 0) this.closeHead(head);
    }
  }

  clear(): void {
    this.buckets.fill(NONE);
    this.freeHeads.length = 0;
    this.headCount = 0;
    this.heads = 0;
    this.freeLinks.length = 0;
    this.linkCount = 0;
  }

  private headFor(key: SearchKey, digest: number, salt: number, event: Event): number {
    let head = this.buckets[this.bucketOf(digest, salt)]!;
    for (; head !== NONE; head = this.nextHead[head]!) {
      if (this.digests[head] !== digest || this.salts[head] !== salt) continue;
      if (key.agrees(event, this.events, this.eventOf[this.newest[head]!]!)) return head;
    }
    return NONE;
  }

  private bucketOf(digest: number, salt: number): number {
    let mixed = digest ^ salt;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed ^= mixed >>> 13;
    return mixed & (this.buckets.length - 1);
  }

  private openHead(digest: number, salt: number): number {
    if (this.heads >= this.buckets.length) this.rehash();
    const head = this.freeHeads.pop() ?? this.headCount++;
    if (head >= this.nextHead.length) this.growHeads();
    const bucket = this.bucketOf(digest, salt);
    this.digests[head] = digest;
    this.salts[head] = salt;
    this.newest[head] = NONE;
    this.lengths[head] = 0;
    this.nextHead[head] = this.buckets[bucket]!;
    this.buckets[bucket] = head;
    this.heads++;
    return head;
  }

  private closeHead(head: number): void {
    const bucket = this.bucketOf(this.digests[head]!, this.salts[head]!);
    let at = this.buckets[bucket]!;
    if (at === head) this.buckets[bucket] = this.nextHead[head]!;
    else {
      while (this.nextHead[at] !== head) at = this.nextHead[at]!;
      this.nextHead[at] = this.nextHead[head]!;
    }
    this.freeHeads.push(head);
    this.heads--;
  }

  private rehash(): void {
    const old = this.buckets;
    this.buckets = new Int32Array(old.length * 2).fill(NONE);
    for (let first of old) {
      while (first !== NONE) {
        const next = this.nextHead[first]!;
        const bucket = this.bucketOf(this.digests[first]!, this.salts[first]!);
        this.nextHead[first] = this.buckets[bucket]!;
        this.buckets[bucket] = first;
        first = next;
      }
    }
  }

  private growHeads(): void {
    const capacity = Math.max(64, this.nextHead.length * 2);
    this.nextHead = growInts(this.nextHead, capacity);
    this.digests = growInts(this.digests, capacity);
    this.salts = growInts(this.salts, capacity);
    this.newest = growInts(this.newest, capacity);
    this.lengths = growInts(this.lengths, capacity);
  }

  private growLinks(): void {
    const capacity = Math.max(64, this.eventOf.length * 2);
    this.eventOf = growInts(this.eventOf, capacity);
    this.headOf = growInts(this.headOf, capacity);
    this.olderOf = growInts(this.olderOf, capacity);
    this.newerOf = growInts(this.newerOf, capacity);
    this.nextLink = growInts(this.nextLink, capacity);
  }
}
