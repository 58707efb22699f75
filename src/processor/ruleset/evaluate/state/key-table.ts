import type { Event } from '../event.ts';
import type { SearchKey } from '../search-key.ts';
import { growInts } from './growing.ts';
import type { PastEvents } from './past-events.ts';

const NONE = -1;

// Heads and links are numbers side by side, known by where they begin.
const HEADS = 5;
/** The next in the same bucket. */
const IN_BUCKET = 0;
const DIGEST = 1;
/** That of its index. */
const SALT = 2;
/** The newest link, and how many there are. */
const NEWEST = 3;
const LENGTH = 4;

const LINKS = 5;
const EVENT = 0;
const HEAD = 1;
/** The neighbours in the chain. */
const OLDER = 2;
const NEWER = 3;
/** The next link of the same place in a list. */
const NEXT = 4;

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
  private heads = new Int32Array(0);
  private readonly freeHeads: number[] = [];
  private headEnd = 0;
  private headCount = 0;
  private links = new Int32Array(0);
  private readonly freeLinks: number[] = [];
  private linkEnd = 0;

  constructor(events: PastEvents) {
    this.events = events;
  }

  /** The newest link of the events that agree with one, -1 where there are less than so many. */
  find({ key, salt }: KeyIndex, event: Event, least: number): number {
    const digest = key.digest(event);
    if (digest === 0) return NONE;
    const head = this.headFor(key, digest, salt, event);
    return head === NONE || this.heads[head + LENGTH]! < least ? NONE : this.heads[head + NEWEST]!;
  }

  event(link: number): number {
    return this.links[link + EVENT]!;
  }

  older(link: number): number {
    return this.links[link + OLDER]!;
  }

  /** Makes a past event (`event` is the same) the newest of its chain; returns its link, or `next` where it has none. */
  link({ key, salt }: KeyIndex, past: number, event: Event, next: number): number {
    const digest = key.digest(event);
    if (digest === 0) return next;
    let head = this.headFor(key, digest, salt, event);
    if (head === NONE) head = this.openHead(digest, salt);
    const link = this.freeLinks.pop() ?? this.takeLink();
    const older = this.heads[head + NEWEST]!;
    this.links[link + EVENT] = past;
    this.links[link + HEAD] = head;
    this.links[link + OLDER] = older;
    this.links[link + NEWER] = NONE;
    this.links[link + NEXT] = next;
    if (older !== NONE) this.links[older + NEWER] = link;
    this.heads[head + NEWEST] = link;
    this.heads[head + LENGTH]!++;
    return link;
  }

  /** Takes links of one place out, from this one on. */
  unlink(first: number): void {
    for (let link = first; link !== NONE; link = this.links[link + NEXT]!) {
      const head = this.links[link + HEAD]!;
      const older = this.links[link + OLDER]!;
      const newer = this.links[link + NEWER]!;
      if (older !== NONE) this.links[older + NEWER] = newer;
      if (newer !== NONE) this.links[newer + OLDER] = older;
      else this.heads[head + NEWEST] = older;
      this.freeLinks.push(link);
      if (--this.heads[head + LENGTH]! === 0) this.closeHead(head);
    }
  }

  clear(): void {
    this.buckets.fill(NONE);
    this.freeHeads.length = 0;
    this.headEnd = 0;
    this.headCount = 0;
    this.freeLinks.length = 0;
    this.linkEnd = 0;
  }

  private headFor(key: SearchKey, digest: number, salt: number, event: Event): number {
    let head = this.buckets[this.bucketOf(digest, salt)]!;
    for (; head !== NONE; head = this.heads[head + IN_BUCKET]!) {
      if (this.heads[head + DIGEST] !== digest || this.heads[head + SALT] !== salt) continue;
      if (key.agrees(event, this.events, this.event(this.heads[head + NEWEST]!))) return head;
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
    if (this.headCount >= this.buckets.length) this.rehash();
    const head = this.freeHeads.pop() ?? this.takeHead();
    const bucket = this.bucketOf(digest, salt);
    this.heads[head + DIGEST] = digest;
    this.heads[head + SALT] = salt;
    this.heads[head + NEWEST] = NONE;
    this.heads[head + LENGTH] = 0;
    this.heads[head + IN_BUCKET] = this.buckets[bucket]!;
    this.buckets[bucket] = head;
    this.headCount++;
    return head;
  }

  private closeHead(head: number): void {
    const bucket = this.bucketOf(this.heads[head + DIGEST]!, this.heads[head + SALT]!);
    let at = this.buckets[bucket]!;
    if (at === head) this.buckets[bucket] = this.heads[head + IN_BUCKET]!;
    else {
      while (this.heads[at + IN_BUCKET] !== head) at = this.heads[at + IN_BUCKET]!;
      this.heads[at + IN_BUCKET] = this.heads[head + IN_BUCKET]!;
    }
    this.freeHeads.push(head);
    this.headCount--;
  }

  private rehash(): void {
    const old = this.buckets;
    this.buckets = new Int32Array(old.length * 2).fill(NONE);
    for (let first of old) {
      while (first !== NONE) {
        const next = this.heads[first + IN_BUCKET]!;
        const bucket = this.bucketOf(this.heads[first + DIGEST]!, this.heads[first + SALT]!);
        this.heads[first + IN_BUCKET] = this.buckets[bucket]!;
        this.buckets[bucket] = first;
        first = next;
      }
    }
  }

  private takeHead(): number {
    const head = this.headEnd;
    this.headEnd += HEADS;
    if (this.headEnd > this.heads.length)
      this.heads = growInts(this.heads, Math.max(64 * HEADS, this.heads.length * 2));
    return head;
  }

  private takeLink(): number {
    const link = this.linkEnd;
    this.linkEnd += LINKS;
    if (this.linkEnd > this.links.length)
      this.links = growInts(this.links, Math.max(64 * LINKS, this.links.length * 2));
    return link;
  }
}
