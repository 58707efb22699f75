import type { Condition, Rule, Ruleset } from '../../processor/ruleset/compile/ruleset.ts';
import type { LocalTime } from '../../processor/ruleset/evaluate/conditions.ts';
import type { EngineTracer } from '../../processor/ruleset/evaluate/engine.ts';
import type { Event } from '../../processor/ruleset/evaluate/event.ts';
import type { History } from '../../processor/ruleset/evaluate/state/history.ts';
import type { Verdict } from '../../processor/ruleset/evaluate/verdict.ts';
import { describeCondition, type FailedCondition } from '../explain/condition.ts';
import { describeWindow, formatWindow, type WindowState } from '../explain/window.ts';
import type { ReasonCode } from './difference.ts';
import type { RecordedLine } from './recording.ts';

export interface Reason {
  readonly code: ReasonCode;
  readonly detail?: string | undefined;
}

/** Watches what becomes of one rule, the one that the manager decided for. */
export class Witness implements EngineTracer {
  /** Rule to watch; undefined for none. */
  wanted: string | undefined = undefined;
  tries = 0;
  failed: FailedCondition | 'history' | undefined = undefined;
  kind: Condition['kind'] | 'history' | undefined = undefined;
  window: WindowState | undefined = undefined;
  readonly #ruleset: Ruleset;
  readonly #history: History;
  readonly #clock: () => LocalTime;

  constructor(ruleset: Ruleset, history: History, clock: () => LocalTime) {
    this.#ruleset = ruleset;
    this.#history = history;
    this.#clock = clock;
  }

  watch(ruleId: string | undefined): void {
    this.wanted = ruleId;
    this.tries = 0;
    this.failed = undefined;
    this.kind = undefined;
    this.window = undefined;
  }

  tried(): void {}

  tested(rule: Rule, failed: Condition | 'history' | undefined, event: Event): void {
    if (rule.id !== this.wanted) return;
    this.tries++;
    if (failed === 'history') {
      this.failed = this.kind = 'history';
      this.window = describeWindow(rule, event, this.#history, this.#ruleset.dialect);
    } else if (failed) {
      this.failed = describeCondition(failed, event, this.#clock());
      this.kind = failed.kind;
    }
  }
}

export interface Judgement {
  readonly ruleset: Ruleset;
  readonly event: RecordedLine;
  readonly verdict: Verdict;
  readonly witness: Witness;
  /** When the recording begins, epoch milliseconds. */
  readonly beginMs: number;
}

/** Why the alert that the manager wrote is missing here. */
export function judgeMissing(ruleId: string, judgement: Judgement): Reason {
  const { ruleset, event, verdict, witness } = judgement;
  const rule = ruleset.rules.get(ruleId);
  if (!rule) return { code: 'unknown-rule' };
  if (verdict.error || verdict.dropped) return { code: 'dropped-here', detail: verdict.dropped ?? verdict.error };
  if (verdict.rule?.id === ruleId) return judgeSilent(rule, judgement);
  const decoder = verdict.event.decoderName;
  if (event.decoder !== decoder) {
    return { code: 'other-decoder', detail: `recorded ${event.decoder ?? 'none'}, here ${decoder ?? 'none'}` };
  }
  if (verdict.rule && isOpenAtBegin(verdict.rule, judgement)) {
    return { code: 'window-before-recording', detail: `here rule ${verdict.rule.id} counts to its end instead` };
  }
  if (witness.kind === 'history') {
    const code = isOpenAtBegin(rule, judgement) ? 'window-before-recording' : 'window';
    return { code, detail: witness.window && formatWindow(witness.window) };
  }
  // Whose ignore time runs has its parent stand in for it, and the parent is what is seen.
  if (rule.ignoreSeconds > 0 && verdict.silenced === undefined && witness.tries > 0 && witness.failed === undefined) {
    return judgeSilent(rule, judgement);
  }
  if (witness.kind === 'check_diff' && verdict.baselines.some((baseline) => baseline.ruleId === ruleId)) {
    return { code: 'state-before-recording', detail: 'check_diff sees this text for the first time' };
  }
  if (witness.failed && witness.failed !== 'history') {
    const { element, wanted, saw, place } = witness.failed;
    const seen = saw === undefined ? 'the event has none' : `saw '${saw.slice(0, 80)}'`;
    return { code: 'condition-failed', detail: `${element} ${wanted.slice(0, 80)} (${place}); ${seen}` };
  }
  if (witness.tries === 0) {
    return { code: 'other-rule-first', detail: verdict.rule ? `rule ${verdict.rule.id}` : 'no rule above it holds' };
  }
  return { code: 'unexplained' };
}

/** The same rule won, but does not alert. */
function judgeSilent(rule: Rule, { ruleset, verdict, event, beginMs }: Judgement): Reason {
  if (rule.ignoreSeconds > 0 && (verdict.silenced !== undefined || verdict.rule?.id !== rule.id)) {
    const early = event.timeMs - beginMs < rule.ignoreSeconds * 1000;
    return { code: early ? 'state-before-recording' : 'ignored-here', detail: `ignore="${rule.ignoreSeconds}"` };
  }
  if (verdict.silenced !== undefined) return { code: 'ignored-here', detail: verdict.silenced };
  const { alertLevel } = ruleset.settings;
  const detail = rule.level < alertLevel ? `level ${rule.level}, alerts begin at ${alertLevel}` : 'option no_log';
  return { code: 'below-alert-level', detail };
}

/** Why there is an alert here that the manager did not write. */
export function judgeExtra(rule: Rule, judgement: Judgement, isCovered: boolean): Reason {
  const { event, verdict } = judgement;
  if (!isCovered) return { code: 'outside-alerts-file' };
  if (event.ruleId === rule.id) return { code: 'recorded-without-alert' };
  if (isOpenAtBegin(rule, judgement)) return { code: 'window-before-recording' };
  if (rule.conditions.some((condition) => condition.kind === 'if_fts')) {
    return { code: 'state-before-recording', detail: 'if_fts sees the key for the first time' };
  }
  const decoder = verdict.event.decoderName;
  if (event.decoder !== decoder) {
    return { code: 'other-decoder', detail: `recorded ${event.decoder ?? 'none'}, here ${decoder ?? 'none'}` };
  }
  return {
    code: 'unexplained',
    detail: event.ruleId === undefined ? undefined : `the manager says rule ${event.ruleId}`,
  };
}

/** A window or ignore time of the rule reaches back to before the recording. */
function isOpenAtBegin(rule: Rule, { event, beginMs }: Judgement): boolean {
  const reach = Math.max(rule.correlation?.timeframe ?? 0, rule.ignoreSeconds);
  return reach > 0 && event.timeMs - beginMs <= reach * 1000;
}
