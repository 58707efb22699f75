import type { Change, StateStore } from '../../../../component/state-store.ts';
import type { Rule } from '../../compile/ruleset.ts';
import type { RuleCounts } from './shared.ts';
import { decodeJson, encodeJson } from './store-key.ts';
import type { Tracking } from './tracking.ts';

const NAMESPACE = 'fired';

export interface RuleCounter {
  /** How often the rule was the result. */
  fired: number;
  /** Epoch seconds at which its `ignore` window began, 0 for none. */
  ignoredSince: number;
}

/** What a rule counts; one entry for each rule that ever fired, so bounded by the ruleset. */
export class RuleCounters implements RuleCounts {
  private readonly tracking: Tracking;
  private readonly counters = new Map<string, RuleCounter>();
  private readonly changed = new Set<string>();

  constructor(tracking: Tracking) {
    this.tracking = tracking;
  }

  fired(ruleId: string): number {
    return this.counters.get(ruleId)?.fired ?? 0;
  }

  /** The rule is the result once more; returns how often it was by now. */
  fire(ruleId: string): number {
    return ++this.touch(ruleId).fired;
  }

  /**
   * False while the rule's `ignore` window is open; else opens the next one, or with `reopen` false forgets the last.
   * `time` is in epoch seconds.
   */
  enterWindow({ id, ignoreSeconds }: Pick<Rule, 'id' | 'ignoreSeconds'>, time: number, reopen: boolean): boolean {
    const counter = this.touch(id);
    if (counter.ignoredSince === 0) counter.ignoredSince = time;
    else if (time - counter.ignoredSince < ignoreSeconds) return false;
    else counter.ignoredSince = reopen ? time : 0;
    return true;
  }

  read(ruleId: string): Readonly<RuleCounter> | undefined {
    return this.counters.get(ruleId);
  }

  /** For reading and changing; counts as changed. */
  touch(ruleId: string): RuleCounter {
    if (this.tracking.enabled) this.changed.add(ruleId);
    let counter = this.counters.get(ruleId);
    if (!counter) {
      counter = { fired: 0, ignoredSince: 0 };
      this.counters.set(ruleId, counter);
    }
    return counter;
  }

  /** Forgets rules that are gone, and windows of rules that lost theirs. */
  retain(ignoreSecondsOf: (ruleId: string) => number | undefined): void {
    for (const [ruleId, counter] of this.counters) {
      const seconds = ignoreSecondsOf(ruleId);
      if (seconds === undefined) {
        this.counters.delete(ruleId);
        if (this.tracking.enabled) this.changed.add(ruleId);
      } else if (seconds === 0 && counter.ignoredSince !== 0) {
        counter.ignoredSince = 0;
        if (this.tracking.enabled) this.changed.add(ruleId);
      }
    }
  }

  drain(changes: Change[]): void {
    for (const key of this.changed) {
      const counter = this.counters.get(key);
      if (!counter) changes.push({ op: 'delete', namespace: NAMESPACE, key });
      else {
        const value = encodeJson([counter.fired, counter.ignoredSince]);
        changes.push({ op: 'put', namespace: NAMESPACE, key, value });
      }
    }
    this.changed.clear();
  }

  load(store: StateStore): void {
    this.counters.clear();
    this.changed.clear();
    for (const [ruleId, bytes] of store.entries(NAMESPACE)) {
      const value = decodeJson(bytes);
      if (!Array.isArray(value)) continue;
      this.counters.set(ruleId, { fired: Number(value[0]) || 0, ignoredSince: Number(value[1]) || 0 });
    }
  }
}
