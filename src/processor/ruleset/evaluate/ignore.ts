import type { IgnoreSpec, Rule } from '../compile/ruleset.ts';
import type { Event } from './event.ts';
import { lowerAscii } from './lower-ascii.ts';

const MAX_ENTRY = 255;

/** What the `ignore` element of a rule writes down about an event. */
export function ignoreEntry(event: Event, spec: IgnoreSpec): string {
  return entryText(event, spec, spec);
}

/**
 * What `check_if_ignored` looks for: `data` and `system_name` go by the rule's own `ignore` selection, a slip of the
 * original that decides whether two rules agree.
 */
export function checkedEntry(event: Event, rule: Rule, spec: IgnoreSpec): string {
  return entryText(event, spec, rule.ignore);
}

function entryText(event: Event, spec: IgnoreSpec, tail: IgnoreSpec | undefined): string {
  const { slots } = spec;
  const parts = [
    slots.has('name') ? event.decoderName : undefined,
    slots.has('id') ? event.static('id') : undefined,
    slots.has('dstuser') ? event.static('dstuser') : undefined,
    slots.has('srcip') ? event.static('srcip') : undefined,
    slots.has('dstip') ? event.static('dstip') : undefined,
    tail?.slots.has('data') ? event.static('data') : undefined,
    tail?.slots.has('system_name') ? event.static('system_name') : undefined,
    slots.has('location') ? event.location : undefined,
  ];
  let text = parts
    .map((part) => part ?? '')
    .join(' ')
    .slice(0, MAX_ENTRY);
  for (const name of spec.dynamic) {
    const value = event.dynamic(lowerAscii(name));
    if (value !== undefined) text += ` ${value}`;
  }
  return text;
}
