import type { Correlation, Dialect } from '../compile/ruleset.ts';
import {
  agreesWazuh,
  createScan,
  type HistoryQuestion,
  type HistorySearch,
  keyText,
  MAX_PREVIOUS,
  showPrevious,
} from './correlate.ts';
import type { Event } from './event.ts';
import type { Deque } from './state/deque.ts';
import type { History } from './state/history.ts';

/** Shorter histories are scanned. */
const MIN_LENGTH = 8;

/**
 * Answers as the scan does, but looks only at past events that agree in what has to be the same, and at none where those
 * are too few. In the ossec dialect an event that was used up ends the search whether it agrees or not: there the scan
 * decides once there are enough.
 */
export function createKeyedSearch(dialect: Dialect): HistorySearch {
  const scan = createScan(dialect);
  return {
    search(question, event, history, limits) {
      const past = question.list === undefined ? undefined : history.list(question.list);
      if (!past || past.length < MIN_LENGTH) return scan.search(question, event, history, limits);
      const keys = openIndex(past, question.correlation, dialect);
      const numbers = keys.numbersOf(event);
      if (!numbers) return false;
      const { needed, timeframe } = question.correlation;
      const from = Math.max(past.removed, keys.lastBefore(event.time - timeframe) + 1);
      const completing = numbers.length - Math.max(1, needed);
      if (completing < 0 || numbers[completing]! < from) return false;
      if (dialect === 'ossec') return scan.search(question, event, history, limits);
      return searchKeys(question, event, past, numbers, from, history);
    },
  };
}

/** Goes through agreeing events from the number `from` on, newest first, as the scan does through all. */
function searchKeys(
  { correlation, level }: HistoryQuestion,
  event: Event,
  past: Deque<Event>,
  numbers: readonly number[],
  from: number,
  history: History,
): boolean {
  const { needed } = correlation;
  let found = 0;
  let newest: Event | undefined;
  const shown: string[] = [];
  for (let index = numbers.length - 1; index >= 0; index--) {
    const number = numbers[index]!;
    if (number < from) return false;
    const candidate = past.at(number - past.removed)!;
    if (candidate.gone || !agreesWazuh(correlation, event, candidate)) continue;
    if (candidate.matched >= level) return false;
    if (shown.length < MAX_PREVIOUS) shown.push(candidate.fullLog);
    if (found < needed - 1) {
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

/** By list, then by what has to agree. */
const INDEXES = new WeakMap<Deque<Event>, Map<string, KeyIndex>>();
/** The one that a rule asked last: nearly always that which it asks next. */
const LAST = new WeakMap<Correlation, KeyIndex>();

function openIndex(past: Deque<Event>, correlation: Correlation, dialect: Dialect): KeyIndex {
  const last = LAST.get(correlation);
  const index = last?.past === past ? last : findIndex(past, correlation, dialect);
  index.catchUp();
  return index;
}

function findIndex(past: Deque<Event>, correlation: Correlation, dialect: Dialect): KeyIndex {
  let indexes = INDEXES.get(past);
  if (!indexes) {
    indexes = new Map();
    INDEXES.set(past, indexes);
  }
  const signature = signatureOf(correlation, dialect);
  let index = indexes.get(signature);
  if (!index) {
    index = new KeyIndex(past, correlation, dialect, signature);
    indexes.set(signature, index);
  }
  LAST.set(correlation, index);
  return index;
}

const SIGNATURES = new WeakMap<Correlation, string>();

function signatureOf(correlation: Correlation, dialect: Dialect): string {
  let signature = SIGNATURES.get(correlation);
  if (signature === undefined) {
    signature = JSON.stringify([dialect, correlation.globalFrequency, correlation.same, correlation.sameFields]);
    SIGNATURES.set(correlation, signature);
  }
  return signature;
}

/**
 * Numbers of a list's events by agent and values. Follows the list when it is asked: new events are added, and the whole is
 * made anew once most of it is about events that are gone, so every event costs the same whatever the list's length.
 */
class KeyIndex {
  readonly past: Deque<Event>;
  private readonly correlation: Correlation;
  private readonly ossec: boolean;
  private readonly signature: string;
  private readonly numbers = new Map<string, number[]>();
  /** Number of the next event to add. */
  private next: number;
  private oldest: number;
  /**
   * Events after which none is as old, with their times, which so go up. Where no clock goes back these are the last
   * events of each second.
   */
  private lows: { number: number; time: number }[] = [];

  constructor(past: Deque<Event>, correlation: Correlation, dialect: Dialect, signature: string) {
    this.past = past;
    this.correlation = correlation;
    this.ossec = dialect === 'ossec';
    this.signature = signature;
    this.next = past.removed;
    this.oldest = past.removed;
  }

  catchUp(): void {
    const { past } = this;
    if (past.removed - this.oldest > past.length || past.removed > this.next) {
      this.numbers.clear();
      this.lows = [];
      this.next = past.removed;
      this.oldest = past.removed;
    }
    for (const end = past.removed + past.length; this.next < end; this.next++) {
      const event = past.at(this.next - past.removed)!;
      while (this.lows.length > 0 && this.lows[this.lows.length - 1]!.time >= event.time) this.lows.pop();
      this.lows.push({ number: this.next, time: event.time });
      const key = this.keyOf(event);
      if (key === undefined) continue;
      const numbers = this.numbers.get(key);
      if (numbers) numbers.push(this.next);
      else this.numbers.set(key, [this.next]);
    }
  }

  /**
   * Number of the newest event that is older than `time`, -1 where there is none: there the scan ends, whatever lies
   * behind it.
   */
  lastBefore(time: number): number {
    const { lows } = this;
    let low = 0;
    for (let high = lows.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (lows[middle]!.time < time) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? -1 : lows[low - 1]!.number;
  }

  /** Oldest first; may begin with numbers of events that are gone. */
  numbersOf(event: Event): readonly number[] | undefined {
    const key = this.keyOf(event);
    return key === undefined ? undefined : this.numbers.get(key);
  }

  /** Undefined where the event agrees with none. Remembered, since an event is looked up before it is added. */
  private keyOf(event: Event): string | undefined {
    if (event.searchKeySignature === this.signature) return event.searchKey;
    event.searchKeySignature = this.signature;
    event.searchKey = this.makeKey(event);
    return event.searchKey;
  }

  /** Lengths keep values apart. */
  private makeKey(event: Event): string | undefined {
    const { same, sameFields, globalFrequency } = this.correlation;
    let key = globalFrequency || this.ossec ? '' : `${event.agentId.length}:${event.agentId}`;
    for (const name of same) {
      const value = this.ossec && name === 'location' ? event.hostname : keyText(event, name);
      if (value === undefined) return undefined;
      key += `${value.length}:${value}`;
    }
    if (this.ossec) return key;
    for (const name of sameFields) {
      const value = event.dynamic(name);
      if (value === undefined) return undefined;
      key += `${value.length}:${value}`;
    }
    return key;
  }
}
