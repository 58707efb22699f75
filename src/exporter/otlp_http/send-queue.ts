import { RefusedError } from '../../component/errors.ts';
import type { Change, QueueItem, StateStore } from '../../component/state-store.ts';
import type { RequestLimits } from '../../otlp/split.ts';
import { releaseBytes } from '../../pdata/release-bytes.ts';
import { fromPayload, joinRequests, type LogsRequest, toPayload } from './request.ts';

export interface QueueLimits {
  maxItems: number;
  maxBytes: number;
}

/** Requests that a consumer works on; they stay in the store until `settle`. */
export interface Taken {
  ids: number[];
  request: LogsRequest;
  /** The store holds something that is no request of ours; `request` has its bytes, and no records can be read of it. */
  unreadable: boolean;
  /** What was read of the store; `request` is made of it. */
  payloads: readonly Uint8Array[];
}

/** Room that was promised to a batch on its way into the store. */
export interface Reservation {
  changes: Change[];
  /** Call once the batch is committed or given up; what the requests and changes hold is gone then. */
  release(): void;
}

/** Items that are read at once, and their bytes as far as the average tells. */
const PEEK_ITEMS = 16;
const PEEK_BYTES = 4 * 2 ** 20;
/** What the next batch may need: twice as much as the largest of late, each further one counting a tenth less. */
const FADING = 0.9;
const SPARE = 2;
/** Of the queue, what is kept free for the next batch at most. */
const MAX_MARGIN = 1 / 8;
/** A sender that was refused need not come back earlier. */
const RETRY_AFTER_MS = 5000;

/**
 * The requests of one exporter in the store, oldest first. Only this process reads them; what is taken is removed by
 * `settle`, so that a crash in between brings it back.
 */
export class SendQueue {
  readonly #store: StateStore;
  readonly #name: string;
  readonly #limits: QueueLimits;
  /** Id of the newest item that was read from the store. */
  #cursor = 0;
  /** Read, but not yet taken. */
  #read: QueueItem[] = [];
  /** Given up, but not yet removed from the store. */
  #doomed: QueueItem[] = [];
  #promisedItems = 0;
  #promisedBytes = 0;
  #usualItems = 0;
  #usualBytes = 0;
  #itemWaiters: (() => void)[] = [];
  #roomWaiters: (() => void)[] = [];

  constructor(store: StateStore, name: string, limits: QueueLimits) {
    this.#store = store;
    this.#name = name;
    this.#limits = limits;
  }

  /** What is stored or promised. */
  size(): { items: number; bytes: number } {
    const { items, bytes } = this.#store.queueSize(this.#name);
    return { items: items + this.#promisedItems, bytes: bytes + this.#promisedBytes };
  }

  /** Whether the requests fit. An empty queue takes any batch, else one that is larger than the queue could never pass. */
  fits(requests: readonly LogsRequest[]): boolean {
    const { items, bytes } = this.size();
    if (items === 0) return true;
    const added = requests.reduce((sum, request) => sum + request.bytes.byteLength, 0);
    return items + requests.length <= this.#limits.maxItems && bytes + added <= this.#limits.maxBytes;
  }

  /** Whether a batch as those of late would not fit any more. */
  isFull(): boolean {
    const { items, bytes } = this.size();
    if (items === 0) return false;
    const { maxItems, maxBytes } = this.#limits;
    // What is promised counts twice from its commit until this thread hears of that, which may be when the batch is done.
    const itemMargin = Math.min(SPARE * this.#usualItems + this.#promisedItems, maxItems * MAX_MARGIN);
    const byteMargin = Math.min(SPARE * this.#usualBytes + this.#promisedBytes, maxBytes * MAX_MARGIN);
    return items + Math.max(1, Math.floor(itemMargin)) > maxItems || bytes + byteMargin > maxBytes;
  }

  /** Promises room without asking whether there is any. */
  reserve(requests: readonly LogsRequest[]): Reservation {
    const payloads = requests.map(toPayload);
    const bytes = payloads.reduce((sum, payload) => sum + payload.byteLength, 0);
    this.#promisedItems += payloads.length;
    this.#promisedBytes += bytes;
    this.#usualItems = Math.max(payloads.length, this.#usualItems * FADING);
    this.#usualBytes = Math.max(bytes, this.#usualBytes * FADING);
    let released = false;
    return {
      changes: payloads.map((payload) => ({ op: 'enqueue', queue: this.#name, payload })),
      release: () => {
        if (released) return;
        released = true;
        this.#promisedItems -= payloads.length;
        this.#promisedBytes -= bytes;
        // The store has copies.
        for (const payload of payloads) releaseBytes(payload);
        wake(this.#itemWaiters);
        wake(this.#roomWaiters);
      },
    };
  }

  /** @throws RefusedError with the time after which to come back */
  refuse(): never {
    const { items, bytes } = this.size();
    throw new RefusedError(`queue ${this.#name} is full: ${items} requests, ${bytes} bytes`, RETRY_AFTER_MS);
  }

  /** Stores requests by a commit of its own, where the queue lives in another store than the state. */
  async commit(changes: readonly Change[]): Promise<void> {
    await this.#store.commit(changes);
  }

  /** The oldest requests that nobody took, joined up to the limits; undefined where there are none. */
  take(limits: RequestLimits): Taken | undefined {
    const ids: number[] = [];
    const requests: LogsRequest[] = [];
    const payloads: Uint8Array[] = [];
    let records = 0;
    let bytes = 0;
    for (let item = this.#first(); item; item = this.#first()) {
      const request = fromPayload(item.payload);
      if (!request) {
        if (ids.length > 0) break;
        this.#read.shift();
        const unread: LogsRequest = { bytes: item.payload, records: 0, restamped: false };
        return { ids: [item.id], request: unread, unreadable: true, payloads: [item.payload] };
      }
      const tooMuch =
        records + request.records > limits.maxRecords || bytes + request.bytes.byteLength > limits.maxBytes;
      if (ids.length > 0 && tooMuch) break;
      this.#read.shift();
      ids.push(item.id);
      requests.push(request);
      payloads.push(item.payload);
      records += request.records;
      bytes += request.bytes.byteLength;
    }
    return ids.length === 0 ? undefined : { ids, request: joinRequests(requests), unreadable: false, payloads };
  }

  /** Removes what was taken; rejects where the store cannot be written, then it is to be called again. */
  async settle(ids: readonly number[]): Promise<void> {
    await this.#store.commit([{ op: 'dequeue', queue: this.#name, ids }]);
    wake(this.#roomWaiters);
  }

  /**
   * Gives up the oldest requests that nobody took until the limits hold; returns the records they held. Rejects where
   * the store cannot be written; the next call removes them then.
   */
  async trim(): Promise<number> {
    let { items, bytes } = this.#store.queueSize(this.#name);
    items -= this.#doomed.length;
    bytes -= sizeOf(this.#doomed);
    while (items > this.#limits.maxItems || bytes > this.#limits.maxBytes) {
      const item = this.#first();
      if (!item) break;
      this.#read.shift();
      this.#doomed.push(item);
      items--;
      bytes -= item.payload.byteLength;
    }
    if (this.#doomed.length === 0) return 0;
    const doomed = this.#doomed;
    this.#doomed = [];
    try {
      await this.settle(doomed.map((item) => item.id));
    } catch (error) {
      this.#doomed.unshift(...doomed);
      throw error;
    }
    return doomed.reduce((sum, item) => sum + (fromPayload(item.payload)?.records ?? 0), 0);
  }

  /** Resolves when something may have been added, or `stop` aborts. */
  waitForItems(stop: AbortSignal): Promise<void> {
    return waitIn(this.#itemWaiters, stop);
  }

  /** Resolves when something may have been removed, or one of the signals aborts. */
  waitForRoom(...stops: AbortSignal[]): Promise<void> {
    return waitIn(this.#roomWaiters, ...stops);
  }

  #first(): QueueItem | undefined {
    if (this.#read.length === 0) {
      const { items, bytes } = this.#store.queueSize(this.#name);
      const few = Math.max(1, Math.floor((PEEK_BYTES * items) / Math.max(1, bytes)));
      this.#read = this.#store.peek(this.#name, Math.min(PEEK_ITEMS, few), this.#cursor);
      this.#cursor = this.#read.at(-1)?.id ?? this.#cursor;
    }
    return this.#read[0];
  }
}

function sizeOf(items: readonly QueueItem[]): number {
  return items.reduce((sum, item) => sum + item.payload.byteLength, 0);
}

function wake(waiters: (() => void)[]): void {
  for (const waiter of waiters.splice(0)) waiter();
}

function waitIn(waiters: (() => void)[], ...stops: AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    if (stops.some(({ aborted }) => aborted)) return resolve();
    const done = () => {
      for (const stop of stops) stop.removeEventListener('abort', done);
      const index = waiters.indexOf(done);
      if (index >= 0) waiters.splice(index, 1);
      resolve();
    };
    waiters.push(done);
    for (const stop of stops) stop.addEventListener('abort', done, { once: true });
  });
}
