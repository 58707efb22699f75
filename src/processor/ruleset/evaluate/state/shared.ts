import type { Change, StateStore } from '../../../../component/state-store.ts';
import type { Rule } from '../../compile/ruleset.ts';
import type { RuleCounter } from './rule-counters.ts';

/** First-time-seen keys, as the engine asks for them. */
export interface SeenKeys {
  has(text: string): boolean;
  /** Whether it was not there yet; `host` is who brought it, and whose it is from now on. */
  add(text: string, host: string): boolean;
  drain(changes: Change[]): void;
  load(store: StateStore): void;
}

/** What rules count, as the engine asks for it. */
export interface RuleCounts {
  fired(ruleId: string): number;
  /** The rule is the result once more; returns how often it was by now. */
  fire(ruleId: string): number;
  /** False while the rule's `ignore` window is open; else opens the next one, or with `reopen` false forgets the last. */
  enterWindow(rule: Pick<Rule, 'id' | 'ignoreSeconds'>, time: number, reopen: boolean): boolean;
  read(ruleId: string): Readonly<RuleCounter> | undefined;
  retain(ignoreSecondsOf: (ruleId: string) => number | undefined): void;
  drain(changes: Change[]): void;
  load(store: StateStore): void;
}

/** Memory that engines in several threads have in common: what the originals keep for all hosts together. */
export interface SharedMemory {
  readonly fts: SeenKeys;
  readonly counters: RuleCounts;
}
