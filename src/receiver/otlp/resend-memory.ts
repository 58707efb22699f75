import type { Clock } from '../../component/clock.ts';
import type { Change, StateStore } from '../../component/state-store.ts';
import type { ResendConfig } from './config.ts';

/** What a request is known by: its digest, and the uids of the records it was the first to bring. */
export interface Claim {
  /** To be committed with what the request led to. */
  readonly progress: readonly Change[];
  commit(): void;
  rollback(): void;
}

/**
 * Remembers requests and `log.record.uid` values for a bounded time and count, in memory and, through the progress of
 * each request, in the store. What is in flight is known too: who brings it again waits for the outcome.
 */
export class ResendMemory {
  private readonly requests: KeyMemory;
  private readonly uids: KeyMemory;
  private readonly enabled: boolean;

  constructor(namespace: string, config: ResendConfig, clock: Clock) {
    this.enabled = config.window > 0;
    this.requests = new KeyMemory(namespace, 'request/', config.window, config.max_requests, clock);
    this.uids = new KeyMemory(namespace, 'uid/', config.window, config.max_uids, clock);
  }

  /** Reads what earlier runs remembered; returns how many entries could not be read and are forgotten. */
  load(store: StateStore): number {
    return this.enabled ? this.requests.load(store) + this.uids.load(store) : 0;
  }

  knowsRequest(digest: string): boolean {
    return this.requests.has(digest);
  }

  knowsUid(uid: string): boolean {
    return this.uids.has(uid);
  }

  /** Settles (never rejects) when something of this is no longer in flight; undefined where nothing is. */
  inFlight(digest: string, uids: readonly string[] = []): Promise<void> | undefined {
    if (!this.enabled) return undefined;
    const request = this.requests.pending.get(digest);
    if (request !== undefined) return request;
    for (const uid of uids) {
      const pending = this.uids.pending.get(uid);
      if (pending !== undefined) return pending;
    }
    return undefined;
  }

  claim(digest: string, uids: readonly string[]): Claim {
    if (!this.enabled) return { progress: [], commit: () => {}, rollback: () => {} };
    let settle = () => {};
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const parts = [this.requests.claim([digest], settled), this.uids.claim(uids, settled)];
    const end = (how: 'commit' | 'rollback') => () => {
      for (const part of parts) part[how]();
      settle();
    };
    return { progress: parts.flatMap((part) => part.progress), commit: end('commit'), rollback: end('rollback') };
  }
}

interface Row {
  key: string;
  time: number;
  names: readonly string[];
}

/** One kind of names; a row of the store holds those of one request. */
class KeyMemory {
  readonly pending = new Map<string, Promise<void>>();
  private readonly known = new Set<string>();
  private rows: Row[] = [];
  /** Rows before this index are gone; cut off now and then. */
  private first = 0;
  private next = 0;
  /** Rows that are forgotten here but may still be in the store. */
  private stale: string[] = [];
  private readonly namespace: string;
  private readonly prefix: string;
  private readonly windowMs: number;
  private readonly max: number;
  private readonly clock: Clock;

  constructor(namespace: string, prefix: string, windowMs: number, max: number, clock: Clock) {
    this.namespace = namespace;
    this.prefix = prefix;
    this.windowMs = windowMs;
    this.max = max;
    this.clock = clock;
  }

  load(store: StateStore): number {
    let unreadable = 0;
    for (const [key, value] of store.entries(this.namespace, this.prefix)) {
      const number = Number(key.slice(this.prefix.length));
      if (number >= this.next) this.next = number + 1;
      const row = parseRow(key, value);
      if (row) this.remember(row);
      else {
        unreadable++;
        this.stale.push(key);
      }
    }
    this.forget();
    return unreadable;
  }

  has(name: string): boolean {
    this.forget();
    return this.known.has(name);
  }

  claim(names: readonly string[], settled: Promise<void>): Claim {
    for (const name of names) this.pending.set(name, settled);
    const removed = this.stale;
    this.stale = [];
    const progress: Change[] = removed.map((key) => ({ op: 'delete', namespace: this.namespace, key }));
    let row: Row | undefined;
    if (names.length > 0) {
      row = { key: this.prefix + String(this.next++).padStart(16, '0'), time: this.clock.now(), names };
      const value = Buffer.from(JSON.stringify({ time: row.time, names }));
      progress.push({ op: 'put', namespace: this.namespace, key: row.key, value });
    }
    const release = () => {
      for (const name of names) this.pending.delete(name);
    };
    return {
      progress,
      commit: () => {
        release();
        if (row) this.remember(row);
        this.forget();
      },
      rollback: () => {
        release();
        this.stale.push(...removed);
      },
    };
  }

  private remember(row: Row): void {
    this.rows.push(row);
    for (const name of row.names) this.known.add(name);
  }

  /** Drops rows that are too old, and the oldest while there are too many names; the newest row always stays. */
  private forget(): void {
    const oldest = this.clock.now() - this.windowMs;
    while (this.first < this.rows.length) {
      const row = this.rows[this.first];
      const tooMany = this.known.size > this.max && this.first < this.rows.length - 1;
      if (row.time >= oldest && !tooMany) break;
      this.first++;
      this.stale.push(row.key);
      for (const name of row.names) this.known.delete(name);
    }
    if (this.first > 1000 && this.first * 2 > this.rows.length) {
      this.rows = this.rows.slice(this.first);
      this.first = 0;
    }
  }
}

function parseRow(key: string, value: Uint8Array): Row | undefined {
  try {
    const row: unknown = JSON.parse(Buffer.from(value).toString());
    if (typeof row !== 'object' || row === null) return undefined;
    const { time, names } = row as { time?: unknown; names?: unknown };
    const readable =
      typeof time === 'number' && Array.isArray(names) && names.every((name) => typeof name === 'string');
    return readable ? { key, time, names } : undefined;
  } catch {
    return undefined;
  }
}
