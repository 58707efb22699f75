import type { Place } from './diagnostics.ts';

/** A configuration value that still knows where it was written. */
export type ConfigNode = MapNode | SequenceNode | ScalarNode;

export interface MapNode {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  /** Where the key stands. */
  readonly place: Place;
  readonly value: ConfigNode;
}

export interface SequenceNode {
  readonly kind: 'sequence';
  readonly place: Place;
  readonly items: readonly ConfigNode[];
}

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: string | number | bigint | boolean | null;
}

export function emptyMap(place: Place): MapNode {
  return { kind: 'map', place, entries: new Map() };
}

export function isNull(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** Plain values; maps become objects without a prototype, since `__proto__` is an ordinary key. */
export function toValue(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return typeof node.value === 'bigint' ? Number(node.value) : node.value;
  if (node.kind === 'sequence') return node.items.map(toValue);
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, entry] of node.entries) object[key] = toValue(entry.value);
  return object;
}

/** Where a path is written: its key, or the nearest thing above it that is there. */
export function placeOf(root: ConfigNode, path: readonly (string | number)[]): Place {
  let node = root;
  let place = root.place;
  for (const part of path) {
    if (node.kind === 'map') {
      const entry = node.entries.get(String(part));
      if (entry === undefined) return place;
      place = entry.place;
      node = entry.value;
    } else if (node.kind === 'sequence') {
      const item = node.items[Number(part)];
      if (item === undefined) return place;
      place = item.place;
      node = item;
    } else return place;
  }
  return place;
}

/** Later wins: maps are merged key by key, everything else is replaced. A key without a value adds nothing to a map. */
export function mergeNodes(base: ConfigNode, later: ConfigNode): ConfigNode {
  if (base.kind !== 'map') return later;
  if (isNull(later)) return base;
  if (later.kind !== 'map') return later;
  const entries = new Map(base.entries);
  for (const [key, entry] of later.entries) {
    const old = entries.get(key);
    entries.set(key, old ? { place: entry.place, value: mergeNodes(old.value, entry.value) } : entry);
  }
  return { kind: 'map', place: later.place, entries };
}
