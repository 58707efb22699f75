import type { Correlation, CorrelationKey, Dialect } from '../compile/ruleset.ts';
import type { Event } from './event.ts';
import type { LimitLog } from './match.ts';
import { type SearchKey, textOf } from './search-key.ts';
import type { History } from './state/history.ts';
import type { PastEvents } from './state/past-events.ts';
import { NONE } from './state/past-lists.ts';
import { Agreement, TEXT_AGENT } from './state/past-record.ts';

/** Earlier logs shown with an alert. */
export const MAX_PREVIOUS = 11;

/** A rule's history search as the walk prepared it. */
export interface HistoryQuestion {
  readonly ruleId: string;
  readonly level: number;
  readonly correlation: Correlation;
  /** The history it reads; undefined for all recent events. */
  readonly list: string | undefined;
  /** What past events have to share. */
  readonly key: SearchKey;
}

/**
 * Decides whether enough past events fit (ruleset-engine 6.8), and uses them up when they do. The seam behind which a
 * search by hashed keys can replace the scan; it must answer the same.
 */
export interface HistorySearch {
  search(question: HistoryQuestion, event: Event, history: History, limits: LimitLog): boolean;
}

/** The originals' own way: newest to oldest. */
export function createScan(dialect: Dialect): HistorySearch {
  return { search: dialect === 'wazuh' ? scanWazuh : scanOssec };
}

function scanWazuh(question: HistoryQuestion, event: Event, history: History, limits: LimitLog): boolean {
  const { correlation, level, list } = question;
  const past = list === undefined ? history.recent : history.list(list);
  if (!past) return false;
  const { events, lists } = history;
  const over = correlation.over;
  const regex = over.kind === 'recent' ? over.regex : undefined;
  let found = 0;
  let newest = NONE;
  const shown: number[] = [];
  for (let place = past.newest; place !== NONE; place = lists.older(place)) {
    const candidate = lists.event(place);
    if (event.time - events.time(candidate) > correlation.timeframe) return false;
    if (!events.isWhole(candidate)) continue;
    if (!correlation.globalFrequency && events.compare(candidate, TEXT_AGENT, event.agentId) !== Agreement.same)
      continue;
    if (list === undefined) {
      if (events.category(candidate) !== event.category) continue;
      if (regex && !limits.test(regex, events.log(candidate), question.ruleId)) continue;
    }
    if (!agreesWazuh(correlation, event, events, candidate)) continue;
    if (events.matched(candidate) >= level) return false;
    const completes = found >= correlation.needed - 1;
    if (shown.length < MAX_PREVIOUS && !(completes && list === undefined)) shown.push(candidate);
    if (!completes) {
      found++;
      if (newest === NONE) newest = candidate;
      continue;
    }
    showPrevious(event, events, shown);
    event.matched = level;
    if (newest !== NONE) history.mark(newest, level);
    return true;
  }
  return false;
}

/**
 * A used-up event ends the search before anything is compared; what completes the number and the newest event of the
 * history are both marked, whether or not the newest fitted.
 */
function scanOssec(question: HistoryQuestion, event: Event, history: History, limits: LimitLog): boolean {
  const { correlation, level, list } = question;
  const past = list === undefined ? history.recent : history.list(list);
  if (!past) return false;
  const { events, lists } = history;
  const over = correlation.over;
  const regex = over.kind === 'recent' ? over.regex : undefined;
  const shown: number[] = [];
  let found = 0;
  for (let place = past.newest; place !== NONE; place = lists.older(place)) {
    const candidate = lists.event(place);
    if (event.time - events.time(candidate) > correlation.timeframe) return false;
    if (!events.isWhole(candidate)) continue;
    if (events.matched(candidate) >= level) return false;
    if (list === undefined && events.category(candidate) !== event.category) continue;
    if (regex && !limits.test(regex, events.log(candidate), question.ruleId)) continue;
    if (!agreesOssec(correlation, event, events, candidate)) continue;
    if (found < correlation.needed - 1) {
      found++;
      if (shown.length < MAX_PREVIOUS) shown.push(candidate);
      continue;
    }
    event.previous = shown.map((each) => events.fullLog(each));
    event.matched = level;
    history.mark(candidate, level);
    history.mark(lists.event(past.newest), level);
    return true;
  }
  return false;
}

/** Lines that a rule further up the path put there stay, wazuh only fills up behind them. */
export function showPrevious(event: Event, events: PastEvents, shown: readonly number[]): void {
  const { previous } = event;
  const logs = shown.slice(previous.length).map((past) => events.fullLog(past));
  event.previous = previous.length === 0 ? logs : [...previous, ...logs];
}

/** Whether a past event fits the `same_...` and `different_...` of a rule. */
export function agreesWazuh(correlation: Correlation, event: Event, events: PastEvents, past: number): boolean {
  const { same, sameFields } = correlation;
  for (const key of same) {
    const value = keyText(event, key);
    if (value === undefined || events.compare(past, textOf(key, false), value) !== Agreement.same) return false;
  }
  for (const key of sameFields) {
    const value = event.dynamic(key);
    if (value === undefined || events.compareField(past, key, value) !== Agreement.same) return false;
  }
  return differsWazuh(correlation, event, events, past);
}

/** The second half of it. */
export function differsWazuh(correlation: Correlation, event: Event, events: PastEvents, past: number): boolean {
  const { different, differentFields } = correlation;
  if (differentFields.length > 0) {
    if (event.dynamicCount === 0 && events.dynamicCount(past) === 0) return false;
    for (const key of differentFields) {
      const value = event.dynamic(key);
      if (value !== undefined && events.compareField(past, key, value) === Agreement.same) return false;
    }
  }
  for (const key of different) {
    const value = keyText(event, key);
    if (value !== undefined && events.compare(past, textOf(key, false), value) === Agreement.same) return false;
  }
  return true;
}

/** As `agreesWazuh`, in the ossec dialect. */
export function agreesOssec(correlation: Correlation, event: Event, events: PastEvents, past: number): boolean {
  for (const key of correlation.same) {
    const value = key === 'location' ? event.hostname : keyText(event, key);
    if (value === undefined || events.compare(past, textOf(key, true), value) !== Agreement.same) return false;
  }
  for (const key of correlation.different) {
    const value = keyText(event, key);
    if (value === undefined || events.compare(past, textOf(key, false), value) !== Agreement.other) return false;
  }
  return true;
}

export function keyText(event: Event, key: CorrelationKey): string | undefined {
  if (key === 'user') return event.static('dstuser');
  if (key === 'location') return event.location;
  return event.static(key);
}
