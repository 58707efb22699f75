import { basename } from 'node:path';
import { bytesToText } from '../../processor/ruleset/bytes.ts';
import type { Condition, Decoder, Rule } from '../../processor/ruleset/compile/ruleset.ts';
import { MAX_DIFF_SIZE } from '../../processor/ruleset/evaluate/check-diff.ts';
import type { DecodeStep } from '../../processor/ruleset/evaluate/decode.ts';
import type { EngineTracer } from '../../processor/ruleset/evaluate/engine.ts';
import type { Event } from '../../processor/ruleset/evaluate/event.ts';
import type { Verdict } from '../../processor/ruleset/evaluate/verdict.ts';
import type { Session } from '../session.ts';
import { describeCondition, type FailedCondition } from './condition.ts';
import { describeWindow, type WindowState } from './window.ts';

/** Everything that was asked about one log, in order. Texts are for people: no bytes. */
export interface Explanation {
  readonly decoders: readonly DecoderTry[];
  readonly rules: readonly RuleTry[];
  /** Ids from the root to the result. */
  readonly path: readonly string[];
  /** What the engine did to the result afterwards. */
  readonly silenced: string | undefined;
  /** Patterns that were given up for taking too many steps. */
  readonly gaveUp: readonly string[];
}

export interface DecoderTry {
  readonly name: string;
  readonly parent: string | undefined;
  readonly step: DecodeStep;
  readonly matched: boolean;
  /** File name and line. */
  readonly place: string;
}

export interface RuleTry {
  readonly id: string;
  readonly level: number;
  /** 0 for the roots. */
  readonly depth: number;
  /** All of its conditions hold. */
  readonly held: boolean;
  readonly noalert: boolean;
  /** It held, is `noalert`, and none of its children held. */
  readonly abandoned: boolean;
  readonly failed: FailedCondition | undefined;
  /** Of rules that count. */
  readonly window: WindowState | undefined;
  /** Of rules with `check_diff` that got as far. */
  readonly diff: DiffState | undefined;
}

export interface DiffState {
  readonly outcome: 'changed' | 'equal' | 'first' | 'too-large';
  /** The text before this one, where it changed. */
  readonly previous: string | undefined;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Records what a session asks about a log; give it to one session, and `take` after each log. */
export class Recorder implements EngineTracer {
  readonly #session: Session;
  #decoders: DecoderTry[] = [];
  #rules: Writable<RuleTry>[] = [];
  #path: Writable<RuleTry>[] = [];

  constructor(session: Session) {
    this.#session = session;
    session.engine.trace(this);
  }

  decoded(decoder: Decoder, step: DecodeStep, matched: boolean): void {
    const { ownName, parent, span } = decoder;
    this.#decoders.push({
      name: bytesToText(ownName),
      parent: parent === undefined ? undefined : bytesToText(parent),
      step,
      matched,
      place: `${basename(span.file)}:${span.line}`,
    });
  }

  tried(): void {}

  tested(rule: Rule, failed: Condition | 'history' | undefined, event: Event): void {
    const isDiff = rule.conditions.some((condition) => condition.kind === 'check_diff');
    const diff = isDiff ? this.#diffOf(failed, event) : undefined;
    const counts = failed === 'history' || (failed === undefined && rule.correlation !== undefined && !isDiff);
    const entry: Writable<RuleTry> = {
      id: rule.id,
      level: rule.level,
      depth: this.#path.length,
      held: failed === undefined,
      noalert: rule.noalert,
      abandoned: false,
      failed:
        failed === undefined || failed === 'history'
          ? undefined
          : describeCondition(failed, event, this.#session.clockAt(event.timeMs)),
      window: counts ? this.#windowOf(rule, failed === undefined, event) : undefined,
      diff,
    };
    this.#rules.push(entry);
    if (entry.held) this.#path.push(entry);
  }

  left(): void {
    const entry = this.#path.pop();
    if (entry) entry.abandoned = true;
  }

  /** What was recorded since the last call. */
  take(verdict: Verdict): Explanation {
    const rules = this.#rules;
    for (const entry of rules) {
      if (verdict.baselines.some(({ ruleId }) => ruleId === entry.id) && entry.diff?.outcome === 'equal') {
        entry.diff = { outcome: 'first', previous: undefined };
      }
    }
    const explanation = {
      decoders: this.#decoders,
      rules,
      path: this.#path.map(({ id }) => id),
      silenced: verdict.silenced,
      gaveUp: verdict.tripped.map(({ owner, pattern }) => bytesToText(`${owner}: ${pattern}`)),
    };
    this.#decoders = [];
    this.#rules = [];
    this.#path = [];
    return explanation;
  }

  /** Whether it is the first sight is only known at the end. */
  #diffOf(failed: Condition | 'history' | undefined, event: Event): DiffState | undefined {
    if (failed === undefined) {
      return {
        outcome: 'changed',
        previous: event.previousLog === undefined ? undefined : bytesToText(event.previousLog),
      };
    }
    if (failed === 'history' || failed.kind !== 'check_diff') return undefined;
    return { outcome: event.size >= MAX_DIFF_SIZE ? 'too-large' : 'equal', previous: undefined };
  }

  #windowOf(rule: Rule, full: boolean, event: Event): WindowState | undefined {
    const { ruleset, state } = this.#session.engine;
    const window = describeWindow(rule, event, state.history, ruleset.dialect);
    // A search that succeeds uses events up before it can be asked about.
    return window && full ? { ...window, found: window.needed, stopped: undefined } : window;
  }
}
