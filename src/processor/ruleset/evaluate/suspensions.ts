import { ownCopy } from './state/own-copy.ts';

/** When patterns are suspended; times in seconds. */
export interface SuspensionLimits {
  /** Trips on events of one host; 0 for never. */
  readonly after: number;
  readonly within: number;
  readonly for: number;
}

/** A pattern of a rule or decoder is not asked any more, or again. */
export interface SuspensionChange {
  readonly change: 'suspended' | 'resumed';
  /** Rule id or decoder name. */
  readonly owner: string;
  /** About whose events; undefined for all hosts. */
  readonly host: string | undefined;
  /** How often it was given up. */
  readonly trips: number;
}

/** One pattern of one owner. */
interface Suspended {
  readonly owner: string;
  /** Until when, epoch seconds, and after how many trips, by host. */
  readonly hosts: Map<string, { until: number; trips: number }>;
  /** Too many hosts for one by one. */
  all: { until: number; trips: number } | undefined;
}

/** Pairs of pattern and host that are counted at once. */
const MAX_COUNTED = 4096;
/** Suspended about so many hosts, a pattern is about all: or every new name would buy its trips anew. */
const MAX_HOSTS = 16;
/** Changes that wait to be told; nobody may ask in tests and sessions. */
const MAX_CHANGES = 256;

/**
 * Patterns that took too many steps again and again, about events of one host, are not asked about that host's events for
 * a time: they count as no match, as each of those trips did. Other hosts' events are none of this host's business.
 */
export class Suspensions {
  private readonly limits: SuspensionLimits;
  private readonly counted = new Map<string, { since: number; trips: number }>();
  private readonly suspended = new Map<string, Suspended>();
  private changes: SuspensionChange[] = [];
  private host = '';
  private now = 0;

  constructor(limits: SuspensionLimits) {
    this.limits = limits;
  }

  /** Something is suspended. */
  get any(): boolean {
    return this.suspended.size > 0;
  }

  /** The event that is asked about from now on. */
  begin(host: string, time: number): void {
    this.host = host;
    this.now = time;
    if (this.suspended.size > 0) this.resume();
  }

  isSuspended(owner: string, pattern: string): boolean {
    const found = this.suspended.get(keyOf(owner, pattern));
    return found !== undefined && (found.all !== undefined || found.hosts.has(this.host));
  }

  /** A pattern was given up on the event. */
  count(owner: string, pattern: string): void {
    const { after, within } = this.limits;
    if (after === 0) return;
    const key = keyOf(owner, pattern);
    const counting = `${key}\0${this.host}`;
    let counted = this.counted.get(counting);
    if (!counted || this.now - counted.since > within) counted = { since: this.now, trips: 0 };
    else this.counted.delete(counting);
    counted.trips++;
    if (counted.trips < after) {
      this.counted.set(counting, counted);
      if (this.counted.size <= MAX_COUNTED) return;
      const [oldest] = this.counted.keys();
      this.counted.delete(oldest!);
      return;
    }
    this.suspend(key, owner, counted.trips);
  }

  /** What became of it since the last call. */
  take(): readonly SuspensionChange[] {
    if (this.changes.length === 0) return NONE;
    const { changes } = this;
    this.changes = [];
    return changes;
  }

  /** Ends all suspensions, since the patterns go. */
  clear(): void {
    for (const { owner, hosts, all } of this.suspended.values()) {
      if (all) this.tell('resumed', owner, undefined, all.trips);
      else for (const [host, { trips }] of hosts) this.tell('resumed', owner, host, trips);
    }
    this.suspended.clear();
    this.counted.clear();
  }

  private suspend(key: string, owner: string, trips: number): void {
    const until = this.now + this.limits.for;
    let found = this.suspended.get(key);
    if (!found) {
      found = { owner, hosts: new Map(), all: undefined };
      this.suspended.set(key, found);
    }
    found.hosts.set(ownCopy(this.host), { until, trips });
    if (found.hosts.size < MAX_HOSTS) this.tell('suspended', owner, this.host, trips);
    else {
      let sum = 0;
      for (const one of found.hosts.values()) sum += one.trips;
      found.all = { until, trips: sum };
      found.hosts.clear();
      this.tell('suspended', owner, undefined, sum);
    }
  }

  private resume(): void {
    for (const [key, found] of this.suspended) {
      const { owner, hosts, all } = found;
      if (all && all.until <= this.now) {
        found.all = undefined;
        this.tell('resumed', owner, undefined, all.trips);
      }
      for (const [host, { until, trips }] of hosts) {
        if (until > this.now) continue;
        hosts.delete(host);
        this.tell('resumed', owner, host, trips);
      }
      if (!found.all && hosts.size === 0) this.suspended.delete(key);
    }
  }

  private tell(change: SuspensionChange['change'], owner: string, host: string | undefined, trips: number): void {
    if (this.changes.length < MAX_CHANGES) this.changes.push({ change, owner, host, trips });
  }
}

const NONE: readonly SuspensionChange[] = [];

const keyOf = (owner: string, pattern: string): string => `${owner}\0${pattern}`;
