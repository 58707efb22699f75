import { Chain, type Link } from './chain.ts';
import { HostShares, type OnEviction, type Quota, Share } from './host-shares.ts';

/** One key with what is kept for it. */
class Entry<V> implements Link {
  readonly key: string;
  readonly share: KeyShare<V>;
  readonly bytes: number;
  readonly value: V;
  before: this | undefined = undefined;
  after: this | undefined = undefined;

  constructor(key: string, share: KeyShare<V>, bytes: number, value: V) {
    this.key = key;
    this.share = share;
    this.bytes = bytes;
    this.value = value;
  }
}

class KeyShare<V> extends Share {
  readonly order = new Chain<Entry<V>>();
}

/**
 * Keys with values, and whose they are: keeps to a quota by giving up the oldest keys of the host that holds too much.
 */
export class Ledger<V> {
  private readonly entries = new Map<string, Entry<V>>();
  private readonly shares: HostShares<KeyShare<V>>;
  private readonly onEviction: OnEviction;

  constructor(quota: Quota, onEviction: OnEviction) {
    this.shares = new HostShares(quota, (host) => new KeyShare(host));
    this.onEviction = onEviction;
  }

  get size(): number {
    return this.entries.size;
  }

  /** As accounted. */
  get bytes(): number {
    return this.shares.bytes;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  get(key: string): V | undefined {
    return this.entries.get(key)?.value;
  }

  hostOf(key: string): string | undefined {
    return this.entries.get(key)?.share.host;
  }

  /** In the order they were first set. */
  *[Symbol.iterator](): IterableIterator<readonly [key: string, value: V]> {
    for (const [key, { value }] of this.entries) yield [key, value];
  }

  /** Puts a key last, as its host's newest; `evicted` is called for each key that has to go for it, maybe itself. */
  set(key: string, value: V, host: string, bytes: number, evicted: (key: string) => void): void {
    this.delete(key);
    const share = this.shares.open(host);
    // Counted with every key, so that names are within the bound as well.
    const entry = new Entry(key, share, bytes + host.length, value);
    this.entries.set(key, entry);
    share.order.append(entry);
    this.shares.change(share, 1, entry.bytes);
    for (let debtor = this.shares.debtor(share); debtor; debtor = this.shares.debtor(share)) {
      const { oldest } = debtor.share.order;
      if (!oldest) return;
      this.delete(oldest.key);
      evicted(oldest.key);
      this.onEviction(debtor.share.host, debtor.bound);
    }
  }

  /** Makes a key its host's newest. */
  touch(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    entry.share.order.remove(entry);
    entry.share.order.append(entry);
  }

  delete(key: string): boolean {
    const entry = this.entries.get(key);
    if (!entry) return false;
    this.entries.delete(key);
    entry.share.order.remove(entry);
    this.shares.change(entry.share, -1, -entry.bytes);
    return true;
  }

  clear(): void {
    this.entries.clear();
    this.shares.clear();
  }
}
