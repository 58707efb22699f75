import type { Condition, Ruleset, TextSource } from '../compile/ruleset.ts';
import { holdsCompiledRule } from './conditions/compiled-rules.ts';
import { askList } from './conditions/list-lookup.ts';
import type { Event } from './event.ts';
import type { LimitLog } from './match.ts';

/** Wall clock at the place the rules were written for. */
export interface LocalTime {
  /** Minutes since midnight. */
  readonly minutes: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

/** Conditions that change what the engine remembers; everything else is pure. */
export type StatefulCondition = Extract<Condition, { kind: 'check_diff' | 'if_fts' }>;
export type PureCondition = Exclude<Condition, StatefulCondition>;

export interface ConditionContext {
  readonly ruleset: Ruleset;
  readonly limits: LimitLog;
  localTime(timeMs: number): LocalTime;
}

/** Whether a condition holds. A field the event does not have never satisfies one, negated or not. */
export function holds(condition: PureCondition, event: Event, context: ConditionContext, ruleId: string): boolean {
  switch (condition.kind) {
    case 'decoded_as':
      return event.decoderId === condition.decoderId;
    case 'text': {
      const text = sourceText(event, condition.source);
      return text !== undefined && context.limits.test(condition.matcher, text, ruleId) !== condition.negate;
    }
    case 'field': {
      const text = event.field(condition.field);
      return text !== undefined && context.limits.test(condition.matcher, text, ruleId) !== condition.negate;
    }
    case 'address': {
      const address = event.static(condition.element);
      if (address === undefined) return false;
      const result = condition.matcher.test(address);
      // Text that is no address: wazuh goes on as "no match", which `negate` turns; ossec gives up.
      if (result === undefined) return condition.negate && context.ruleset.dialect === 'wazuh';
      return result !== condition.negate;
    }
    case 'compiled_rule':
      return holdsCompiledRule(condition.name, event, context.ruleset.dialect);
    case 'maxsize':
      // A minimum, whatever the name says.
      return event.size >= condition.bytes;
    case 'time': {
      const { minutes } = context.localTime(event.timeMs);
      const { from, to, negate } = condition.range;
      return (minutes >= from && minutes <= to) !== negate;
    }
    case 'weekday':
      return condition.days[context.localTime(event.timeMs).weekday] === true;
    case 'list': {
      const key = listKey(event, condition.field);
      if (key === undefined) return false;
      return askList(condition, key, context.ruleset.compat === 'strict', context.limits, ruleId);
    }
  }
}

function sourceText(event: Event, source: TextSource): string | undefined {
  switch (source) {
    case 'log':
      return event.log;
    case 'program_name':
      return event.programName;
    case 'location':
      return event.location;
    case 'hostname':
      return event.hostname;
    case 'user':
      return event.user();
    default:
      return event.static(source);
  }
}

function listKey(event: Event, field: Extract<Condition, { kind: 'list' }>['field']): string | undefined {
  if (field.kind !== 'event') return event.field(field);
  if (field.name === 'program_name') return event.programName;
  if (field.name === 'hostname') return event.hostname;
  // The other way round than the `user` condition.
  return event.static('srcuser') ?? event.static('dstuser');
}
