import type { Change, StateStore } from '../../../component/state-store.ts';
import { decodeJson, encodeJson, storeKey } from '../evaluate/state/store-key.ts';
import { shardOf } from './shard.ts';

export const HOST_SHARDS = 'worker-hosts';
/** Hosts that are dealt out one by one; what comes after them goes by a hash of its name. */
const MAX_HOSTS = 65_536;
/** Characters; longer names go by their hash, too. */
const MAX_NAME = 256;

/**
 * Which worker evaluates what an agent sends. One that is new goes to the worker that has fewest: by a hash of their names
 * alone, a few dozen hosts would leave one worker with half as much again as another. It stays there, since its state does, so
 * this is stored with the batch that brought it.
 */
export class HostShards {
  readonly workers: number;
  readonly #shards = new Map<string, number>();
  readonly #counts: number[];
  #added: string[] = [];

  constructor(workers: number) {
    this.workers = workers;
    this.#counts = Array.from({ length: workers }, () => 0);
  }

  of(agentId: string): number {
    const known = this.#shards.get(agentId);
    if (known !== undefined) return known;
    if (this.#shards.size >= MAX_HOSTS || agentId.length > MAX_NAME) return shardOf(agentId, this.workers);
    let shard = 0;
    for (let other = 1; other < this.workers; other++) {
      if (this.#counts[other]! < this.#counts[shard]!) shard = other;
    }
    this.#set(agentId, shard);
    this.#added.push(agentId);
    return shard;
  }

  /** What is new since the last call. */
  drain(): Change[] {
    const added = this.#added;
    if (added.length === 0) return [];
    this.#added = [];
    return added.map((agentId) => ({
      op: 'put',
      namespace: HOST_SHARDS,
      key: storeKey(Buffer.from(agentId, 'utf8').toString('latin1')),
      value: encodeJson([agentId, this.#shards.get(agentId)]),
    }));
  }

  /** Goes back to what the store holds. */
  load(store: StateStore): void {
    this.#added = [];
    this.#shards.clear();
    this.#counts.fill(0);
    for (const [, bytes] of store.entries(HOST_SHARDS)) {
      const value = decodeJson(bytes);
      if (!Array.isArray(value)) continue;
      const [agentId, shard] = value;
      if (typeof agentId === 'string' && Number.isInteger(shard) && shard >= 0 && shard < this.workers) {
        this.#set(agentId, shard);
      }
    }
  }

  #set(agentId: string, shard: number): void {
    this.#shards.set(agentId, shard);
    this.#counts[shard]!++;
  }
}
