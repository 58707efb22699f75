import { hashFolded } from '../matcher/hash.ts';
import type { DescriptionPart, FieldRef, Rule, Ruleset } from './ruleset.ts';

/** Paths that a JSON document fills a static slot with, beside the dynamic fields that the ruleset looks at. */
export interface FieldTable {
  /** Every path at its number, in lower case. */
  readonly paths: readonly string[];
  readonly numbers: ReadonlyMap<string, number>;
  /** What `find` looks into: the hash's lowest bits are the place to begin at. */
  readonly hashes: Int32Array;
  /** At the place of a hash the number of its path plus one; 0 ends the search. */
  readonly entries: Int32Array;
  /** Number of the path whose hash this may be, or -1; the caller compares. */
  find(hash: number): number;
}

/** All dynamic fields that conditions, correlations, descriptions and keys of the ruleset name, and `further` paths. */
export function createFieldTable(ruleset: Ruleset, further: readonly string[]): FieldTable {
  const paths = new Set(further);
  for (const rule of ruleset.rules.values()) collectFromRule(rule, paths);
  for (const roots of [ruleset.decoders.withProgram, ruleset.decoders.withoutProgram]) {
    for (const decoder of roots.flatMap((root) => [root, ...root.children])) {
      for (const name of decoder.fts?.dynamic ?? []) paths.add(lower(name));
    }
  }
  return new HashedPaths([...paths]);
}

function collectFromRule(rule: Rule, paths: Set<string>): void {
  const add = (ref: FieldRef | { readonly kind: 'event' }) => {
    if (ref.kind === 'dynamic') paths.add(ref.key);
  };
  for (const condition of rule.conditions) {
    if (condition.kind === 'field' || condition.kind === 'list') add(condition.field);
  }
  for (const key of rule.correlation?.sameFields ?? []) paths.add(key);
  for (const key of rule.correlation?.differentFields ?? []) paths.add(key);
  for (const spec of [rule.ignore, rule.checkIfIgnored]) for (const name of spec?.dynamic ?? []) paths.add(lower(name));
  for (const part of rule.description.parts ?? ([] as readonly DescriptionPart[])) if ('field' in part) add(part.field);
}

const lower = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

class HashedPaths implements FieldTable {
  readonly paths: readonly string[];
  readonly numbers: ReadonlyMap<string, number>;
  readonly #mask: number;
  readonly hashes: Int32Array;
  readonly entries: Int32Array;

  constructor(paths: readonly string[]) {
    // Two paths of one hash: the second is left to who reads all fields.
    const seen = new Set<number>();
    this.paths = paths.filter((path) => {
      const hash = hashFolded(path);
      return !seen.has(hash) && seen.add(hash);
    });
    this.numbers = new Map(this.paths.map((path, number) => [path, number]));
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, this.paths.length * 4)));
    this.#mask = size - 1;
    this.hashes = new Int32Array(size);
    this.entries = new Int32Array(size);
    for (const [number, path] of this.paths.entries()) {
      const hash = hashFolded(path);
      let place = hash & this.#mask;
      while (this.entries[place] !== 0) place = (place + 1) & this.#mask;
      this.hashes[place] = hash;
      this.entries[place] = number + 1;
    }
  }

  find(hash: number): number {
    for (let place = hash & this.#mask; this.entries[place] !== 0; place = (place + 1) & this.#mask) {
      if (this.hashes[place] === hash) return this.entries[place]! - 1;
    }
    return -1;
  }
}
