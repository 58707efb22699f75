import type { Host } from '../../component/host.ts';

export interface QueueSize {
  items: number;
  bytes: number;
}

/** Tells the rules that a queue is full, and once half of it is free that it has room again; not at every batch. */
export class QueueWatch {
  readonly #host: Host;
  readonly #id: string;
  readonly #capacity: QueueSize;
  readonly #policy: string;
  #full = false;

  constructor(host: Host, id: string, capacity: QueueSize, policy: string) {
    this.#host = host;
    this.#id = id;
    this.#capacity = capacity;
    this.#policy = policy;
  }

  full(size: QueueSize): void {
    if (this.#full) return;
    this.#full = true;
    this.#host.reportHealth({ name: 'queue full', subject: this.#id, fields: this.#fields(size) });
  }

  /** Records were given up to make room; that is said each time. */
  dropped(size: QueueSize, records: number): void {
    this.#full = true;
    this.#host.reportHealth({
      name: 'queue full',
      subject: this.#id,
      fields: this.#fields(size),
      totals: { dropped: records },
    });
  }

  /** To be told of the size whenever something has left. */
  shrunk(size: QueueSize): void {
    if (!this.#full || size.items * 2 > this.#capacity.items || size.bytes * 2 > this.#capacity.bytes) return;
    this.#full = false;
    const { items } = size;
    this.#host.reportHealth({
      name: 'queue drained',
      subject: this.#id,
      fields: { size: items, capacity: this.#capacity.items },
    });
  }

  #fields({ items, bytes }: QueueSize): Record<string, string | number> {
    return { size: items, bytes, capacity: this.#capacity.items, policy: this.#policy };
  }
}
