import type { Correlation, CorrelationKey, Dialect } from '../compile/ruleset.ts';
import type { Event } from './event.ts';
import type { LimitLog } from './match.ts';
import type { History } from './state/history.ts';

/** Earlier logs shown with an alert. */
export const MAX_PREVIOUS = 11;

/** A rule's history search as the walk prepared it. */
export interface HistoryQuestion {
  readonly ruleId: string;
  readonly level: number;
  readonly correlation: Correlation;
  /** The history it reads; undefined for all recent events. */
  readonly list: string | undefined;
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
  const over = correlation.over;
  const regex = over.kind === 'recent' ? over.regex : undefined;
  let found = 0;
  let newest: Event | undefined;
  const shown: string[] = [];
  for (let index = past.length - 1; index >= 0; index--) {
    const candidate = past.at(index)!;
    if (typeof candidate === 'number') {
      if (event.time - candidate > correlation.timeframe) return false;
      continue;
    }
    if (event.time - candidate.time > correlation.timeframe) return false;
    if (candidate.gone) continue;
    if (!correlation.globalFrequency && candidate.agentId !== event.agentId) continue;
    if (list === undefined) {
      if (candidate.category !== event.category) continue;
      if (regex && !limits.test(regex, candidate.log, question.ruleId)) continue;
    }
    if (!agreesWazuh(correlation, event, candidate)) continue;
    if (candidate.matched >= level) return false;
    const completes = found >= correlation.needed - 1;
    if (shown.length < MAX_PREVIOUS && !(completes && list === undefined)) shown.push(candidate.fullLog);
    if (!completes) {
      found++;
      newest ??= candidate;
      continue;
    }
    showPrevious(event, shown);
    event.matched = level;
    if (newest) history.mark(newest, level);
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
  const over = correlation.over;
  const regex = over.kind === 'recent' ? over.regex : undefined;
  const newest = past.at(past.length - 1);
  const shown: string[] = [];
  let found = 0;
  for (let index = past.length - 1; index >= 0; index--) {
    const candidate = past.at(index)!;
    if (typeof candidate === 'number') {
      if (event.time - candidate > correlation.timeframe) return false;
      continue;
    }
    if (event.time - candidate.time > correlation.timeframe) return false;
    if (candidate.gone) continue;
    if (candidate.matched >= level) return false;
    if (list === undefined && candidate.category !== event.category) continue;
    if (regex && !limits.test(regex, candidate.log, question.ruleId)) continue;
    if (!agreesOssec(correlation, event, candidate)) continue;
    if (found < correlation.needed - 1) {
      found++;
      if (shown.length < MAX_PREVIOUS) shown.push(candidate.fullLog);
      continue;
    }
    event.previous = shown;
    event.matched = level;
    history.mark(candidate, level);
    if (typeof newest === 'object') history.mark(newest, level);
    return true;
  }
  return false;
}

/** Lines that a rule further up the path put there stay, wazuh only fills up behind them. */
export function showPrevious(event: Event, logs: readonly string[]): void {
  const { previous } = event;
  event.previous = previous.length === 0 ? logs : [...previous, ...logs.slice(previous.length)];
}

/** Whether a past event fits the `same_...` and `different_...` of a rule. */
export function agreesWazuh(correlation: Correlation, event: Event, past: Event): boolean {
  const { same, different, sameFields, differentFields } = correlation;
  for (const key of same) {
    const value = keyText(event, key);
    if (value === undefined || value !== keyText(past, key)) return false;
  }
  if (sameFields.length > 0) {
    for (const key of sameFields) {
      const value = event.dynamic(key);
      if (value === undefined || value !== past.dynamic(key)) return false;
    }
  }
  if (differentFields.length > 0) {
    if (event.dynamicCount === 0 && past.dynamicCount === 0) return false;
    for (const key of differentFields) {
      const value = event.dynamic(key);
      if (value !== undefined && value === past.dynamic(key)) return false;
    }
  }
  for (const key of different) {
    const value = keyText(event, key);
    if (value !== undefined && value === keyText(past, key)) return false;
  }
  return true;
}

/** As `agreesWazuh`, in the ossec dialect. */
export function agreesOssec(correlation: Correlation, event: Event, past: Event): boolean {
  for (const key of correlation.same) {
    const value = key === 'location' ? event.hostname : keyText(event, key);
    if (value === undefined || value !== (key === 'location' ? past.hostname : keyText(past, key))) return false;
  }
  for (const key of correlation.different) {
    const value = keyText(event, key);
    const other = keyText(past, key);
    if (value === undefined || other === undefined || value === other) return false;
  }
  return true;
}

export function keyText(event: Event, key: CorrelationKey): string | undefined {
  if (key === 'user') return event.static('dstuser');
  if (key === 'location') return event.location;
  return event.static(key);
}
