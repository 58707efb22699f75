import type { Settings } from '../../component/host.ts';
import type { Change, QueueItem, StateStore } from '../../component/state-store.ts';

/** Each pipeline has a processor of its own, with a memory of its own. */
export function stateScope({ pipeline, id }: Settings): string {
  return pipeline === undefined ? id : `${encodeURIComponent(pipeline)}/${id}`;
}

/** A part of a store for one component: every namespace and queue gets the component's id in front. */
export class StateView implements StateStore {
  private readonly store: StateStore;
  private readonly prefix: string;

  constructor(store: StateStore, componentId: string) {
    this.store = store;
    this.prefix = `${componentId}/`;
  }

  /** The change as the store below knows it. */
  outer(change: Change): Change {
    return 'namespace' in change
      ? { ...change, namespace: this.prefix + change.namespace }
      : { ...change, queue: this.prefix + change.queue };
  }

  get(namespace: string, key: string): Uint8Array | undefined {
    return this.store.get(this.prefix + namespace, key);
  }

  entries(namespace: string, prefix?: string): Iterable<readonly [key: string, value: Uint8Array]> {
    return this.store.entries(this.prefix + namespace, prefix);
  }

  commit(changes: readonly Change[]): Promise<void> {
    return this.store.commit(changes.map((change) => this.outer(change)));
  }

  peek(queue: string, limit: number, afterId?: number): QueueItem[] {
    return this.store.peek(this.prefix + queue, limit, afterId);
  }

  queueSize(queue: string): { items: number; bytes: number } {
    return this.store.queueSize(this.prefix + queue);
  }

  /** The store belongs to the host. */
  async close(): Promise<void> {}
}
