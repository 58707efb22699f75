import type { KeyvWrite } from './records.ts';
import { goneText } from './records.ts';

/** Parts of a key as it lies in the Keyv: the record's own key, and which of its successive places this is. */
export function splitKey(placed: string): { key: string; generation: number } {
  const match = /^(.*)\.(\d{1,15})$/.exec(placed);
  return match ? { key: match[1], generation: Number(match[2]) } : { key: placed, generation: 0 };
}

/**
 * Where records lie. A command that failed may still reach the server, long after later ones (another connection, a network
 * that held it back): so what it would write is given a new place with the next write, and what comes late lands on the
 * old one, which nobody reads. Of several places of a record the one with the highest number counts.
 */
export class Generations {
  readonly #numbers: Map<string, number>;
  readonly #doubtful = new Set<string>();

  constructor(numbers: ReadonlyMap<string, number> = new Map()) {
    this.#numbers = new Map(numbers);
  }

  /** A command that writes these failed, or it is not known whether it did. */
  doubt(placed: readonly KeyvWrite[]): void {
    for (const write of placed) {
      const { key } = splitKey(write.key);
      // Items of queues have numbers of their own: what comes late is one that is sent twice, with the same uid.
      if (!key.startsWith('i-')) this.#doubtful.add(key);
    }
  }

  /** The writes with the keys under which they lie; removals that must not be undone by a late command leave a mark. */
  place(writes: readonly KeyvWrite[]): KeyvWrite[] {
    return writes.flatMap(({ key, value }) => {
      const before = this.#numbers.get(key) ?? 0;
      if (!this.#doubtful.delete(key)) {
        if (before === 0) return [{ key, value }];
        return [{ key: `${key}.${before}`, value: value ?? goneText() }];
      }
      this.#numbers.set(key, before + 1);
      return [
        { key: `${key}.${before + 1}`, value: value ?? goneText() },
        { key: before === 0 ? key : `${key}.${before}`, value: null },
      ];
    });
  }
}
