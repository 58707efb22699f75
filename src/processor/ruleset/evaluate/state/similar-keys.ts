import type { Change, StateStore } from '../../../../component/state-store.ts';
import { ownCopy } from './own-copy.ts';
import { decodeJson, encodeJson } from './store-key.ts';

const NAMESPACE = 'fts-similar';
const KEY = 'list';

/** The last first-time-seen keys of IDS events: many alike stop counting as new (ruleset-engine 8.2). */
export class SimilarKeys {
  private keys: string[] = [];
  private maxKeys = 32;
  private prefix = 14;
  private changed = false;

  setBounds(maxKeys: number, prefix: number): void {
    this.maxKeys = maxKeys;
    this.prefix = prefix;
  }

  /** Whether more than two of the last keys begin with more than `prefix` bytes of this one. */
  hasSimilar(key: string): boolean {
    if (key.length <= this.prefix) return false;
    const start = key.slice(0, this.prefix + 1);
    let similar = 0;
    for (const other of this.keys) if (other === start && ++similar > 2) return true;
    return false;
  }

  shorten(key: string): string {
    return key.slice(0, this.prefix);
  }

  add(key: string): void {
    // Longer texts are never looked at.
    this.keys.push(ownCopy(key.slice(0, this.prefix + 1)));
    if (this.keys.length > this.maxKeys) this.keys.shift();
    this.changed = true;
  }

  drain(changes: Change[]): void {
    if (!this.changed) return;
    this.changed = false;
    changes.push({ op: 'put', namespace: NAMESPACE, key: KEY, value: encodeJson(this.keys) });
  }

  load(store: StateStore): void {
    this.changed = false;
    const stored = store.get(NAMESPACE, KEY);
    const keys = stored ? decodeJson(stored) : undefined;
    this.keys = Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
  }
}
