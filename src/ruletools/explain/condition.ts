import { basename } from 'node:path';
import { bytesToText } from '../../processor/ruleset/bytes.ts';
import type { Condition, FieldRef } from '../../processor/ruleset/compile/ruleset.ts';
import type { LocalTime } from '../../processor/ruleset/evaluate/conditions.ts';
import type { Event } from '../../processor/ruleset/evaluate/event.ts';

/** A condition as its rule has it, and what the event had to offer. */
export interface FailedCondition {
  /** XML word, as in `match` or `field`. */
  readonly element: string;
  /** What is wanted. */
  readonly wanted: string;
  /** Undefined where the event has no such value. */
  readonly saw: string | undefined;
  /** File name and line of the condition. */
  readonly place: string;
}

/** Languages that need no mention, since they are the element's own. */
const USUAL: Readonly<Record<string, string>> = { regex: 'osregex', field: 'osregex', action: 'exact', pcre2: 'pcre2' };

/** What a condition that failed wanted and saw; `check_diff` and windows need more than the event and are told apart. */
export function describeCondition(condition: Condition, event: Event, clock: LocalTime): FailedCondition {
  const [element, wanted, saw] = describe(condition, event, clock);
  const { file, line } = condition.span;
  return { element, wanted, saw: saw === undefined ? undefined : bytesToText(saw), place: `${basename(file)}:${line}` };
}

function describe(condition: Condition, event: Event, clock: LocalTime): [string, string, string | undefined] {
  switch (condition.kind) {
    case 'decoded_as':
      return ['decoded_as', condition.name, event.decoderName];
    case 'text': {
      const { element, matcher, negate } = condition;
      return [element, patternOf(element, matcher, negate), textOf(event, condition.source)];
    }
    case 'field': {
      const { field, matcher, negate } = condition;
      return ['field', `${field.name} ${patternOf('field', matcher, negate)}`, event.field(field)];
    }
    case 'address':
      return [condition.element, condition.negate ? 'another address' : 'its address', event.static(condition.element)];
    case 'compiled_rule':
      return ['compiled_rule', condition.name, undefined];
    case 'maxsize':
      return ['maxsize', `at least ${condition.bytes} bytes`, `${event.size} bytes`];
    case 'time': {
      const { from, to, negate } = condition.range;
      return ['time', `${negate ? 'outside of ' : ''}${clockOf(from)} to ${clockOf(to)}`, clockOf(clock.minutes)];
    }
    case 'weekday':
      return ['weekday', DAYS.filter((_, day) => condition.days[day]).join(', '), DAYS[clock.weekday]];
    case 'check_diff':
      return ['check_diff', 'a text that changed', undefined];
    case 'if_fts':
      return ['if_fts', 'a key never seen before', event.decoder?.fts ? 'a known key' : 'a decoder without fts'];
    case 'list': {
      const name = condition.field.name;
      const value = condition.field.kind === 'event' ? eventValue(event, name) : event.field(condition.field);
      return ['list', `${name} ${condition.lookup} ${condition.list.name}`, value];
    }
  }
}

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

function patternOf(element: string, matcher: { language: string; pattern: string }, negate: boolean): string {
  const usual = USUAL[element] ?? 'osmatch';
  const language = matcher.language === usual || element.endsWith('_pcre2') ? '' : ` (${matcher.language})`;
  return `${negate ? 'not ' : ''}'${bytesToText(matcher.pattern)}'${language}`;
}

function textOf(event: Event, source: Extract<Condition, { kind: 'text' }>['source']): string | undefined {
  if (source === 'log') return event.log;
  if (source === 'location') return event.location;
  if (source === 'program_name' || source === 'hostname' || source === 'user') return eventValue(event, source);
  return event.static(source);
}

function eventValue(event: Event, name: FieldRef['name']): string | undefined {
  if (name === 'program_name') return event.programName;
  return name === 'hostname' ? event.hostname : event.user();
}

function clockOf(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
