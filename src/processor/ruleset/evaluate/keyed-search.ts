import type { Dialect } from '../compile/ruleset.ts';
import {
  createScan,
  differsWazuh,
  type HistoryQuestion,
  type HistorySearch,
  MAX_PREVIOUS,
  showPrevious,
} from './correlate.ts';
import type { Event } from './event.ts';
import type { History } from './state/history.ts';
import { NONE, type PastList } from './state/past-lists.ts';

/**
 * Answers as the scan does, but looks only at past events that agree in what has to be the same, and at none where those
 * are too few. In the ossec dialect an event that was used up ends the search whether it agrees or not: there the scan
 * decides once there are enough.
 */
export function createKeyedSearch(dialect: Dialect): HistorySearch {
  const scan = createScan(dialect);
  return {
    search(question, event, history, limits) {
      if (question.list === undefined) return scan.search(question, event, history, limits);
      const past = history.list(question.list);
      if (!past) return false;
      if (dialect === 'wazuh') return searchKeys(question, event, history, past);
      return hasEnough(question, event, history, past) && scan.search(question, event, history, limits);
    },
  };
}

/** The newest of at least as many agreeing events as it takes, else -1. */
function newestOf({ key, correlation }: HistoryQuestion, event: Event, { lists }: History, past: PastList): number {
  const needed = Math.max(1, correlation.needed);
  return past.length < needed ? NONE : lists.keys.find(lists.index(past, key), event, needed);
}

/** Goes through agreeing events, newest first, as the scan does through all. */
function searchKeys(question: HistoryQuestion, event: Event, history: History, past: PastList): boolean {
  let link = newestOf(question, event, history, past);
  if (link === NONE) return false;
  const { correlation, level } = question;
  const { needed } = correlation;
  const { events, lists } = history;
  const limit = past.lows.lastBefore(event.time - correlation.timeframe);
  let found = 0;
  let count = 0;
  let newest = NONE;
  for (; link !== NONE; link = lists.keys.older(link)) {
    const candidate = lists.keys.event(link);
    if (events.sequence(candidate) <= limit) return false;
    if (!differsWazuh(correlation, event, events, candidate)) continue;
    if (events.matched(candidate) >= level) return false;
    if (count < MAX_PREVIOUS) shown[count++] = candidate;
    if (found < needed - 1) {
      found++;
      if (newest === NONE) newest = candidate;
      continue;
    }
    showPrevious(event, events, shown.slice(0, count));
    event.matched = level;
    if (newest !== NONE) history.mark(newest, level);
    return true;
  }
  return false;
}

/** The past events that the search under way will show. */
const shown: number[] = new Array<number>(MAX_PREVIOUS).fill(0);

/** Whether as many agree as it takes, none of them too old. */
function hasEnough(question: HistoryQuestion, event: Event, history: History, past: PastList): boolean {
  let link = newestOf(question, event, history, past);
  const { needed, timeframe } = question.correlation;
  const { events, lists } = history;
  for (let left = needed; left > 1 && link !== NONE; left--) link = lists.keys.older(link);
  if (link === NONE) return false;
  return events.sequence(lists.keys.event(link)) > past.lows.lastBefore(event.time - timeframe);
}
