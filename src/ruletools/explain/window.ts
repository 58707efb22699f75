import { bytesToText } from '../../processor/ruleset/bytes.ts';
import type { Correlation, Dialect, Rule } from '../../processor/ruleset/compile/ruleset.ts';
import { agreesOssec, agreesWazuh, keyText } from '../../processor/ruleset/evaluate/correlate.ts';
import type { Event } from '../../processor/ruleset/evaluate/event.ts';
import { listKeyOf } from '../../processor/ruleset/evaluate/histories.ts';
import type { History } from '../../processor/ruleset/evaluate/state/history.ts';
import type { PastEvents } from '../../processor/ruleset/evaluate/state/past-events.ts';
import { NONE } from '../../processor/ruleset/evaluate/state/past-lists.ts';
import { Agreement, TEXT_AGENT } from '../../processor/ruleset/evaluate/state/past-record.ts';
import { MatchLimitError } from '../../processor/ruleset/matcher/types.ts';

/** How far a counting rule was from firing. */
export interface WindowState {
  /** Events that fit, this one included. */
  readonly found: number;
  readonly needed: number;
  /** Seconds. */
  readonly timeframe: number;
  /** What has to be the same, with this event's value; undefined where it has none, so that nothing can fit. */
  readonly same: readonly { readonly name: string; readonly value: string | undefined }[];
  readonly different: readonly string[];
  /** Past events that were looked at. */
  readonly looked: number;
  /** What ended the search early. */
  readonly stopped: 'used-up' | 'too-old' | undefined;
}

/**
 * Counts as the engine's search does (ruleset-engine 6.8), without using events up. Ask before the event itself is put
 * into the history.
 */
export function describeWindow(rule: Rule, event: Event, history: History, dialect: Dialect): WindowState | undefined {
  const { correlation } = rule;
  if (!correlation) return undefined;
  const list = listKeyOf(rule);
  const past = list === undefined ? history.recent : history.list(list);
  const fits = dialect === 'wazuh' ? agreesWazuh : agreesOssec;
  let found = 0;
  let looked = 0;
  let stopped: WindowState['stopped'];
  const { events, lists } = history;
  for (let place = past?.newest ?? NONE; place !== NONE; place = lists.older(place)) {
    const candidate = lists.event(place);
    if (event.time - events.time(candidate) > correlation.timeframe) {
      stopped = 'too-old';
      break;
    }
    if (!events.isWhole(candidate)) continue;
    looked++;
    const isUsedUp = events.matched(candidate) >= rule.level;
    // OSSEC asks whether an event is used up before it compares anything.
    if (dialect === 'ossec' && isUsedUp) {
      stopped = 'used-up';
      break;
    }
    if (!isCandidate(correlation, list === undefined, event, events, candidate)) continue;
    if (!fits(correlation, event, events, candidate)) continue;
    if (isUsedUp) {
      stopped = 'used-up';
      break;
    }
    if (++found === correlation.needed) break;
  }
  return {
    found: found + 1,
    needed: correlation.needed + 1,
    timeframe: correlation.timeframe,
    same: sameValues(correlation, event, dialect),
    different: [...correlation.different, ...correlation.differentFields],
    looked,
    stopped,
  };
}

function isCandidate(
  correlation: Correlation,
  recent: boolean,
  event: Event,
  events: PastEvents,
  past: number,
): boolean {
  const { globalFrequency } = correlation;
  if (!globalFrequency && events.compare(past, TEXT_AGENT, event.agentId) !== Agreement.same) return false;
  if (!recent) return true;
  if (events.category(past) !== event.category) return false;
  if (correlation.over.kind !== 'recent' || !correlation.over.regex) return true;
  try {
    return correlation.over.regex.test(events.log(past));
  } catch (error) {
    if (error instanceof MatchLimitError) return false;
    throw error;
  }
}

function sameValues(correlation: Correlation, event: Event, dialect: Dialect): WindowState['same'] {
  const toText = (value: string | undefined) => (value === undefined ? undefined : bytesToText(value));
  return [
    ...correlation.same.map((name) => ({
      name,
      value: toText(name === 'location' && dialect === 'ossec' ? event.hostname : keyText(event, name)),
    })),
    ...correlation.sameFields.map((name) => ({ name, value: toText(event.dynamic(name)) })),
  ];
}

/** `5 of 8 within 120 s for srcip 1.2.3.4`. */
export function formatWindow({ found, needed, timeframe, same, different, stopped }: WindowState): string {
  const missing = same.find(({ value }) => value === undefined);
  const keys = same.map(({ name, value }) => `${name} ${value ?? '(none)'}`);
  const parts = [`${found} of ${needed} within ${timeframe} s`];
  if (keys.length > 0) parts.push(`for ${keys.join(', ')}`);
  if (different.length > 0) parts.push(`with different ${different.join(', ')}`);
  const text = parts.join(' ');
  if (missing) return `${text}; this event has no ${missing.name}, so that no other can have the same`;
  if (stopped === 'used-up') return `${text}; earlier events were used up by an alert already`;
  return text;
}
