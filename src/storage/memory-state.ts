import type { Change, QueueItem } from '../component/state-store.ts';

interface Queue {
  nextId: number;
  /** Insertion order is id order. */
  items: Map<number, Uint8Array>;
  bytes: number;
}

/**
 * State of a store held in memory, with the reading half of `StateStore`. Stored bytes are copies, so that a caller
 * who reuses its buffer does not change what was committed.
 */
export class MemoryState {
  readonly #namespaces = new Map<string, Map<string, Uint8Array>>();
  readonly #queues = new Map<string, Queue>();

  get(namespace: string, key: string): Uint8Array | undefined {
    return this.#namespaces.get(namespace)?.get(key);
  }

  /** A snapshot: changes made while the caller iterates are not seen. */
  entries(namespace: string, prefix = ''): Iterable<readonly [key: string, value: Uint8Array]> {
    const found: { order: Buffer; entry: readonly [string, Uint8Array] }[] = [];
    for (const entry of this.#namespaces.get(namespace) ?? []) {
      if (entry[0].startsWith(prefix)) found.push({ order: Buffer.from(entry[0]), entry });
    }
    found.sort((a, b) => Buffer.compare(a.order, b.order));
    return found.map((item) => item.entry);
  }

  peek(queue: string, limit: number, afterId = 0): QueueItem[] {
    const found: QueueItem[] = [];
    for (const [id, payload] of this.#queues.get(queue)?.items ?? []) {
      if (found.length >= limit) break;
      if (id > afterId) found.push({ id, payload: new Uint8Array(payload) });
    }
    return found;
  }

  queueSize(queue: string): { items: number; bytes: number } {
    const found = this.#queues.get(queue);
    return { items: found?.items.size ?? 0, bytes: found?.bytes ?? 0 };
  }

  /** Id that the next item of a queue gets. */
  nextId(queue: string): number {
    return this.#queues.get(queue)?.nextId ?? 1;
  }

  /** Makes sure that ids below `nextId` are never given out again. */
  reserveIds(queue: string, nextId: number): void {
    const found = this.#queue(queue);
    found.nextId = Math.max(found.nextId, nextId);
  }

  put(namespace: string, key: string, value: Uint8Array): void {
    let found = this.#namespaces.get(namespace);
    if (!found) {
      found = new Map();
      this.#namespaces.set(namespace, found);
    }
    found.set(key, new Uint8Array(value));
  }

  delete(namespace: string, key: string): void {
    this.#namespaces.get(namespace)?.delete(key);
  }

  /** Ids must grow from call to call. */
  enqueue(queue: string, payload: Uint8Array, id = this.nextId(queue)): void {
    const found = this.#queue(queue);
    found.items.set(id, new Uint8Array(payload));
    found.bytes += payload.byteLength;
    found.nextId = Math.max(found.nextId, id + 1);
  }

  dequeue(queue: string, ids: readonly number[]): void {
    const found = this.#queues.get(queue);
    if (!found) return;
    for (const id of ids) {
      found.bytes -= found.items.get(id)?.byteLength ?? 0;
      found.items.delete(id);
    }
  }

  /** All of it, as changes that would build it anew. */
  *dump(): Generator<
    | Extract<Change, { op: 'put' }>
    | { op: 'enqueue'; queue: string; id: number; payload: Uint8Array }
    | { op: 'reserve'; queue: string; nextId: number }
  > {
    for (const [namespace, entries] of this.#namespaces) {
      for (const [key, value] of entries) yield { op: 'put', namespace, key, value };
    }
    for (const [queue, { items, nextId }] of this.#queues) {
      for (const [id, payload] of items) yield { op: 'enqueue', queue, id, payload };
      yield { op: 'reserve', queue, nextId };
    }
  }

  apply(change: Change): void {
    if (change.op === 'put') this.put(change.namespace, change.key, change.value);
    else if (change.op === 'delete') this.delete(change.namespace, change.key);
    else if (change.op === 'enqueue') this.enqueue(change.queue, change.payload);
    else this.dequeue(change.queue, change.ids);
  }

  #queue(queue: string): Queue {
    let found = this.#queues.get(queue);
    if (!found) {
      found = { nextId: 1, items: new Map(), bytes: 0 };
      this.#queues.set(queue, found);
    }
    return found;
  }
}
