import { Chain, type Link } from './chain.ts';
import { ownCopy } from './own-copy.ts';

/** Bounds of one kind of memory, in all and for one host. */
export interface Quota {
  readonly entries: number;
  /** As accounted: texts and a flat sum for what holds them. */
  readonly bytes: number;
  readonly hostEntries: number;
  readonly hostBytes: number;
}

/** What one host holds of one kind of memory. */
export class Share implements Link {
  readonly host: string;
  entries = 0;
  bytes = 0;
  /** Hosts of about the same weight have the same level; -1 for none. */
  level = -1;
  before: this | undefined = undefined;
  after: this | undefined = undefined;

  constructor(host: string) {
    this.host = host;
  }
}

/** Why something was forgotten: its host had too much of its own, or all together had and its host the most. */
export type EvictionBound = 'host' | 'total';

/** One entry was forgotten for want of room. */
export type OnEviction = (host: string, bound: EvictionBound) => void;

const FULL = 2 ** 30;

/**
 * Who holds how much, and whose turn it is to give something up: a host beyond its own bound, else the heaviest of all
 * once all together are beyond theirs (to within a factor of two, so that finding it costs the same for any number of
 * hosts). So a host that floods pushes out what is its own.
 */
export class HostShares<S extends Share> {
  private readonly quota: Quota;
  private readonly create: (host: string) => S;
  private readonly shares = new Map<string, S>();
  private readonly levels: Chain<S>[] = [];
  private highest = 0;
  entries = 0;
  bytes = 0;

  constructor(quota: Quota, create: (host: string) => S) {
    this.quota = quota;
    this.create = create;
  }

  /** Hosts that hold anything. */
  get hosts(): number {
    return this.shares.size;
  }

  of(host: string): S | undefined {
    return this.shares.get(host);
  }

  values(): IterableIterator<S> {
    return this.shares.values();
  }

  open(host: string): S {
    let share = this.shares.get(host);
    if (!share) {
      // A name that is part of a line would keep the line.
      const name = ownCopy(host);
      share = this.create(name);
      this.shares.set(name, share);
    }
    return share;
  }

  /** An entry more (or, with negative numbers, less); a share without entries is dropped. */
  change(share: S, entries: number, bytes: number): void {
    share.entries += entries;
    share.bytes += bytes;
    this.entries += entries;
    this.bytes += bytes;
    const level = share.entries === 0 ? -1 : this.levelOf(share);
    if (level === share.level) return;
    this.levels[share.level]?.remove(share);
    share.level = level;
    if (level < 0) {
      this.shares.delete(share.host);
      return;
    }
    this.levels[level] ??= new Chain();
    this.levels[level].append(share);
    if (level > this.highest) this.highest = level;
  }

  /** Who gives something up now that `share` has grown; undefined where all is within bounds. */
  debtor(share: S): { share: S; bound: EvictionBound } | undefined {
    const { quota } = this;
    if (share.entries > quota.hostEntries || share.bytes > quota.hostBytes) return { share, bound: 'host' };
    if (this.entries <= quota.entries && this.bytes <= quota.bytes) return undefined;
    for (; this.highest >= 0; this.highest--) {
      const heaviest = this.levels[this.highest]?.oldest;
      if (heaviest) return { share: heaviest, bound: 'total' };
    }
    this.highest = 0;
    return undefined;
  }

  clear(): void {
    this.shares.clear();
    this.levels.length = 0;
    this.highest = 0;
    this.entries = 0;
    this.bytes = 0;
  }

  private levelOf({ entries, bytes }: Share): number {
    const weight = Math.max(entries / this.quota.entries, bytes / this.quota.bytes);
    return 31 - Math.clz32(Math.min(FULL, Math.ceil(weight * FULL)));
  }
}
