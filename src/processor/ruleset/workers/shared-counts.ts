import type { Change, StateStore } from '../../../component/state-store.ts';
import type { Rule, Ruleset } from '../compile/ruleset.ts';
import { type RuleCounter, RuleCounters } from '../evaluate/state/rule-counters.ts';
import type { RuleCounts } from '../evaluate/state/shared.ts';

/** Two cells a rule, in the order of the ruleset. */
const FIRED = 0;
const IGNORED_SINCE = 1;
const CELLS = 2;

/**
 * What rules count over all hosts, as the threads see it: cells that all of them change at once. Who keeps them is the
 * main thread, so nothing is stored from here.
 */
export class SharedCounts implements RuleCounts {
  #cells: Uint32Array = new Uint32Array(0);
  #first: ReadonlyMap<string, number> = new Map();

  /** Before the state is fitted to the ruleset. */
  use(ruleset: Ruleset, memory: SharedArrayBuffer): void {
    this.#cells = new Uint32Array(memory);
    this.#first = firstCells(ruleset);
  }

  fired(ruleId: string): number {
    return Atomics.load(this.#cells, this.#cellOf(ruleId) + FIRED);
  }

  fire(ruleId: string): number {
    return Atomics.add(this.#cells, this.#cellOf(ruleId) + FIRED, 1) + 1;
  }

  /** Of several threads that come at once, one opens the window. */
  enterWindow({ id, ignoreSeconds }: Pick<Rule, 'id' | 'ignoreSeconds'>, time: number, reopen: boolean): boolean {
    const cell = this.#cellOf(id) + IGNORED_SINCE;
    for (;;) {
      const since = Atomics.load(this.#cells, cell);
      if (since !== 0 && time - since < ignoreSeconds) return false;
      const next = since === 0 || reopen ? time : 0;
      if (Atomics.compareExchange(this.#cells, cell, since, next) === since) return true;
    }
  }

  read(ruleId: string): Readonly<RuleCounter> | undefined {
    const first = this.#first.get(ruleId);
    if (first === undefined) return undefined;
    return { fired: this.#cells[first + FIRED]!, ignoredSince: this.#cells[first + IGNORED_SINCE]! };
  }

  retain(): void {}
  drain(): void {}
  load(): void {}

  #cellOf(ruleId: string): number {
    const first = this.#first.get(ruleId);
    if (first === undefined) throw new Error(`rule ${ruleId} is none of the ruleset`);
    return first;
  }
}

/** The same cells as the main thread sees them: filled from the store, and brought there after every batch. */
export class CountKeeper {
  readonly #counters = new RuleCounters({ enabled: true });
  #ids: readonly string[] = [];
  #cells: Uint32Array = new Uint32Array(0);
  /** The cells as the counters know them. */
  #known: Uint32Array = new Uint32Array(0);

  /** While no thread works: cells for another ruleset; rules that stay keep what they counted. */
  use(ruleset: Ruleset): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(ruleset.rules.size * CELLS * Uint32Array.BYTES_PER_ELEMENT);
    this.#ids = [...ruleset.rules.keys()];
    this.#cells = new Uint32Array(memory);
    this.#counters.retain((id) => ruleset.rules.get(id)?.ignoreSeconds);
    this.#fill();
    return memory;
  }

  /** While no thread works: what they counted since the last call. */
  drain(changes: Change[]): void {
    for (let cell = 0; cell < this.#cells.length; cell += CELLS) {
      const fired = this.#cells[cell + FIRED]!;
      const since = this.#cells[cell + IGNORED_SINCE]!;
      if (fired === this.#known[cell + FIRED] && since === this.#known[cell + IGNORED_SINCE]) continue;
      const counter = this.#counters.touch(this.#ids[cell / CELLS]!);
      counter.fired = fired;
      counter.ignoredSince = since;
      this.#known[cell + FIRED] = fired;
      this.#known[cell + IGNORED_SINCE] = since;
    }
    this.#counters.drain(changes);
  }

  /** While no thread works: back to what the store holds. */
  load(store: StateStore, ruleset: Ruleset | undefined): void {
    this.#counters.load(store);
    if (ruleset) this.#counters.retain((id) => ruleset.rules.get(id)?.ignoreSeconds);
    this.#fill();
  }

  #fill(): void {
    this.#ids.forEach((id, index) => {
      const counter = this.#counters.read(id);
      this.#cells[index * CELLS + FIRED] = counter?.fired ?? 0;
      this.#cells[index * CELLS + IGNORED_SINCE] = counter?.ignoredSince ?? 0;
    });
    this.#known = Uint32Array.from(this.#cells);
  }
}

function firstCells(ruleset: Ruleset): Map<string, number> {
  return new Map([...ruleset.rules.keys()].map((id, index) => [id, index * CELLS]));
}
