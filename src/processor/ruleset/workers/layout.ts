import type { Change, QueueItem, StateStore } from '../../../component/state-store.ts';
import { bytesToText } from '../bytes.ts';
import type { Event } from '../evaluate/event.ts';
import { readHistory, writeHistory } from '../evaluate/state/history-rows.ts';
import { decodeJson, encodeJson } from '../evaluate/state/store-key.ts';
import { EngineState } from '../evaluate/state.ts';
import { HOST_SHARDS, HostShards } from './host-shards.ts';

const LAYOUT = 'workers';
const COUNT = 'count';
const HISTORY = 'history';
const HEAD = 'head';
const DIFF = 'diff';
const DIFF_OWNER = 'diff-owner';
/** Agent id of the own host. */
const LOCAL = '000';
/**
 * What stands where it does for one thread: the main thread keeps keys and counts of all hosts, and a snapshot is named
 * by its host, which belongs to one worker.
 */
const SHARED: ReadonlySet<string> = new Set(['fts', 'fired', DIFF]);

/** Where a worker's rows stand. */
export function ownNamespace(namespace: string, index: number, workers: number): string {
  return workers === 1 || !OWN_NAMESPACES.includes(namespace) ? namespace : `${index}of${workers}/${namespace}`;
}

/**
 * Brings what the store holds into the order for this number of workers, where another number wrote it. All in one
 * commit, before anything is evaluated. Past events go where their host goes now, in the order of their times. True where
 * there was anything to bring.
 */
export async function settleLayout(store: StateStore, workers: number): Promise<boolean> {
  const bytes = store.get(LAYOUT, COUNT);
  const stored = bytes === undefined ? [1] : decodeJson(bytes);
  const before = Number(stored);
  // Hosts went by a hash of their names before they were dealt out: a number alone stands for that.
  const isSettled = before === workers && (workers === 1 || Array.isArray(stored));
  if (isSettled || !Number.isSafeInteger(before) || before < 1) return false;
  const changes: Change[] = [];
  const from = { store, workers: before };
  for (const [key] of store.entries(HOST_SHARDS)) changes.push({ op: 'delete', namespace: HOST_SHARDS, key });
  const hosts = new HostShards(workers);
  for (const namespace of OWN_NAMESPACES) {
    if (namespace === HISTORY) moveHistory(from, hosts, changes);
    else if (namespace === DIFF_OWNER) moveOwners(from, hosts, changes);
    else copyRows(from, namespace, workers, changes);
  }
  if (workers > 1) changes.push(...hosts.drain());
  const value = encodeJson(workers === 1 ? 1 : [workers]);
  changes.push({ op: 'put', namespace: LAYOUT, key: COUNT, value });
  await store.commit(changes);
  return changes.some(({ op }) => op === 'delete');
}

interface StoredLayout {
  readonly store: StateStore;
  readonly workers: number;
}

function moveHistory(from: StoredLayout, hosts: HostShards, changes: Change[]): void {
  const { workers } = hosts;
  const found: Event[] = [];
  for (let index = 0; index < from.workers; index++) {
    found.push(...readHistory(takeRows(from, HISTORY, index, changes)));
  }
  found.sort((a, b) => a.time - b.time);
  for (let shard = 0; shard < workers; shard++) {
    const namespace = ownNamespace(HISTORY, shard, workers);
    const own = found.filter(({ agentId }) => hosts.of(bytesToText(agentId)) === shard);
    own.forEach((event, sequence) => {
      event.sequence = sequence;
    });
    for (const [key, value] of writeHistory(own)) changes.push({ op: 'put', namespace, key, value });
    const value = encodeJson([0, own.length, own.at(-1)?.time ?? 0]);
    changes.push({ op: 'put', namespace, key: HEAD, value });
  }
}

/** Who owns which snapshot goes to the worker of that host. */
function moveOwners(from: StoredLayout, hosts: HostShards, changes: Change[]): void {
  const rows = new Map<string, Uint8Array>();
  for (let index = 0; index < from.workers; index++) {
    for (const [slot, value] of takeRows(from, DIFF_OWNER, index, changes)) rows.set(slot, value);
  }
  if (rows.size === 0) {
    // Stored before owners were.
    for (const [slot, text] of from.store.entries(DIFF)) rows.set(slot, encodeJson(['', text.length, 0]));
  }
  for (const [slot, value] of rows) {
    for (const shard of shardsOfSlot(slot, value, hosts)) {
      changes.push({ op: 'put', namespace: ownNamespace(DIFF_OWNER, shard, hosts.workers), key: slot, value });
    }
  }
}

/** Two where it cannot be told an agent from a host that the own host relays for: one of them never asks for it. */
function shardsOfSlot(slot: string, value: Uint8Array, hosts: HostShards): ReadonlySet<number> {
  const owner = readList(value)[0];
  const [, hostname] = readList(slot);
  if (typeof owner !== 'string' || owner === '') {
    return new Set(Array.from({ length: hosts.workers }, (_, index) => index));
  }
  const shard = hosts.of(bytesToText(owner));
  return owner === hostname ? new Set([shard, hosts.of(LOCAL)]) : new Set([shard]);
}

function readList(json: string | Uint8Array): unknown[] {
  const value = decodeJson(typeof json === 'string' ? Buffer.from(json, 'utf8') : json);
  return Array.isArray(value) ? value : [];
}

/** Small, or short-lived: everybody gets all of it. Where two workers differ, the first counts. */
function copyRows(from: StoredLayout, namespace: string, workers: number, changes: Change[]): void {
  const rows = new Map<string, Uint8Array>();
  for (let index = 0; index < from.workers; index++) {
    for (const [key, value] of takeRows(from, namespace, index, changes)) {
      if (!rows.has(key)) rows.set(key, value);
    }
  }
  for (let shard = 0; shard < workers; shard++) {
    for (const [key, value] of rows) {
      changes.push({ op: 'put', namespace: ownNamespace(namespace, shard, workers), key, value });
    }
  }
}

/** The rows of one worker; what is here by now is deleted there. */
function takeRows(
  { store, workers }: StoredLayout,
  namespace: string,
  index: number,
  changes: Change[],
): (readonly [string, Uint8Array])[] {
  const inner = ownNamespace(namespace, index, workers);
  const rows = [...store.entries(inner)];
  for (const [key] of rows) changes.push({ op: 'delete', namespace: inner, key });
  return rows;
}

/** An empty store that remembers what it was asked for. */
class NamespaceProbe implements StateStore {
  readonly seen = new Set<string>();

  get(namespace: string): undefined {
    this.seen.add(namespace);
    return undefined;
  }

  entries(namespace: string): [] {
    this.seen.add(namespace);
    return [];
  }

  async commit(): Promise<void> {}

  peek(): QueueItem[] {
    return [];
  }

  queueSize(): { items: number; bytes: number } {
    return { items: 0, bytes: 0 };
  }

  async close(): Promise<void> {}
}

function findNamespaces(): string[] {
  const probe = new NamespaceProbe();
  new EngineState().restore(probe);
  return [...probe.seen].filter((namespace) => !SHARED.has(namespace));
}

/** Namespaces that every worker has for itself: whatever an engine reads when it starts, but for what is shared. */
export const OWN_NAMESPACES: readonly string[] = findNamespaces();
