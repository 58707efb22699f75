import type { Change, StateStore } from '../../../component/state-store.ts';
import type { Rule, Ruleset } from '../compile/ruleset.ts';
import { type RuleCounter, RuleCounters } from '../evaluate/state/rule-counters.ts';
import type { RuleCounts } from '../evaluate/state/shared.ts';

/** Cells of all rules, in the order of the ruleset. */
class CountCells {
  /** How often each fired. */
  readonly fired: Uint32Array;
  /** When its `ignore` window began, in epoch seconds, with the number of changes so far in the upper half. */
  readonly windows: BigUint64Array;

  constructor(memory: SharedArrayBuffer) {
    const rules = memory.byteLength / BYTES_PER_RULE;
    this.windows = new BigUint64Array(memory, 0, rules);
    this.fired = new Uint32Array(memory, rules * BigUint64Array.BYTES_PER_ELEMENT, rules);
  }

  static memoryFor(rules: number): SharedArrayBuffer {
    return new SharedArrayBuffer(rules * BYTES_PER_RULE);
  }
}

const BYTES_PER_RULE = BigUint64Array.BYTES_PER_ELEMENT + Uint32Array.BYTES_PER_ELEMENT;
const NONE = new SharedArrayBuffer(0);
const UPPER = 32n;
const LOWER_HALF = 0xffff_ffffn;

const sinceOf = (window: bigint): number => Number(window & LOWER_HALF);
const changesOf = (window: bigint): number => Number(window >> UPPER);

/** What one thread counted: rules by their place in the ruleset. */
export interface CountedRules {
  readonly fired: readonly (readonly [place: number, times: number])[];
  /** The last change of each `ignore` window, and the number of that change over all threads. */
  readonly windows: readonly (readonly [place: number, since: number, change: number])[];
}

/**
 * What rules count over all hosts, as the threads see it: cells that all of them change at once. Who keeps them is the
 * main thread, which is told with each batch what that batch changed: what later ones did is none of its business yet.
 */
export class SharedCounts implements RuleCounts {
  #cells = new CountCells(NONE);
  #places: ReadonlyMap<string, number> = new Map();
  #fired = new Map<number, number>();
  #windows = new Map<number, bigint>();

  /** Before the state is fitted to the ruleset. */
  use(ruleset: Ruleset, memory: SharedArrayBuffer): void {
    this.#cells = new CountCells(memory);
    this.#places = new Map([...ruleset.rules.keys()].map((id, place) => [id, place]));
    this.load();
  }

  fired(ruleId: string): number {
    return Atomics.load(this.#cells.fired, this.#placeOf(ruleId));
  }

  fire(ruleId: string): number {
    const place = this.#placeOf(ruleId);
    this.#fired.set(place, (this.#fired.get(place) ?? 0) + 1);
    return Atomics.add(this.#cells.fired, place, 1) + 1;
  }

  /** Of several threads that come at once, one opens the window. */
  enterWindow({ id, ignoreSeconds }: Pick<Rule, 'id' | 'ignoreSeconds'>, time: number, reopen: boolean): boolean {
    const place = this.#placeOf(id);
    const { windows } = this.#cells;
    for (;;) {
      const window = Atomics.load(windows, place);
      const since = sinceOf(window);
      if (since !== 0 && time - since < ignoreSeconds) return false;
      const change = (BigInt(changesOf(window) + 1) & LOWER_HALF) << UPPER;
      const next = change | BigInt(since === 0 || reopen ? time >>> 0 : 0);
      if (Atomics.compareExchange(windows, place, window, next) !== window) continue;
      this.#windows.set(place, next);
      return true;
    }
  }

  read(ruleId: string): Readonly<RuleCounter> | undefined {
    const place = this.#places.get(ruleId);
    if (place === undefined) return undefined;
    return { fired: this.#cells.fired[place]!, ignoredSince: sinceOf(this.#cells.windows[place]!) };
  }

  /** What this thread changed since the last call; undefined for nothing. */
  takeCounted(): CountedRules | undefined {
    if (this.#fired.size + this.#windows.size === 0) return undefined;
    const windows = [...this.#windows].map(([place, window]) => [place, sinceOf(window), changesOf(window)] as const);
    const counted = { fired: [...this.#fired], windows };
    this.load();
    return counted;
  }

  retain(): void {}
  drain(): void {}

  /** The main thread fills the cells; what was not taken is forgotten. */
  load(): void {
    this.#fired.clear();
    this.#windows.clear();
  }

  #placeOf(ruleId: string): number {
    const place = this.#places.get(ruleId);
    if (place === undefined) throw new Error(`rule ${ruleId} is none of the ruleset`);
    return place;
  }
}

/** The same counts as the store has them: what batches changed, batch by batch. */
export class CountKeeper {
  readonly #counters = new RuleCounters({ enabled: true });
  #ids: readonly string[] = [];
  #cells = new CountCells(NONE);
  /** The last change of each window that is known here. */
  readonly #changes = new Map<number, number>();

  /** While no thread works: cells for another ruleset; rules that stay keep what they counted. */
  use(ruleset: Ruleset): SharedArrayBuffer {
    const memory = CountCells.memoryFor(ruleset.rules.size);
    this.#ids = [...ruleset.rules.keys()];
    this.#cells = new CountCells(memory);
    this.#counters.retain((id) => ruleset.rules.get(id)?.ignoreSeconds);
    this.#fill();
    return memory;
  }

  /** What a thread counted for one batch; batches in their order. */
  absorb({ fired, windows }: CountedRules): void {
    for (const [place, times] of fired) this.#touch(place).fired += times;
    for (const [place, since, change] of windows) {
      // Two threads may have changed it, and the earlier batch of one after the later batch of the other.
      if (change < (this.#changes.get(place) ?? 0)) continue;
      this.#changes.set(place, change);
      this.#touch(place).ignoredSince = since;
    }
  }

  /** What was counted since the last call. */
  drain(changes: Change[]): void {
    this.#counters.drain(changes);
  }

  /** While no thread works: back to what the store holds. */
  load(store: StateStore, ruleset: Ruleset | undefined): void {
    this.#counters.load(store);
    if (ruleset) this.#counters.retain((id) => ruleset.rules.get(id)?.ignoreSeconds);
    this.#fill();
  }

  #touch(place: number): RuleCounter {
    const id = this.#ids[place];
    if (id === undefined) throw new RangeError(`the ruleset has no rule ${place}`);
    return this.#counters.touch(id);
  }

  #fill(): void {
    this.#changes.clear();
    this.#ids.forEach((id, place) => {
      const counter = this.#counters.read(id);
      this.#cells.fired[place] = counter?.fired ?? 0;
      this.#cells.windows[place] = BigInt((counter?.ignoredSince ?? 0) >>> 0);
    });
  }
}
