import type { Change, StateStore } from '../../../component/state-store.ts';
import type { Rule, Ruleset } from '../compile/ruleset.ts';
import { listKeyOf, listsOf } from './histories.ts';
import { AccumulatorStore } from './state/accumulated.ts';
import { History } from './state/history.ts';
import { KeySet } from './state/key-set.ts';
import {
  DEFAULT_STATE_LIMITS,
  type Evicted,
  EvictionLog,
  type StateKind,
  type StateLimits,
  type StateSize,
} from './state/limits.ts';
import { RuleCounters } from './state/rule-counters.ts';
import type { RuleCounts, SeenKeys, SharedMemory } from './state/shared.ts';
import { SimilarKeys } from './state/similar-keys.ts';
import { Snapshots } from './state/snapshots.ts';
import { decodeJson, encodeJson } from './state/store-key.ts';
import type { Tracking } from './state/tracking.ts';

const SIGNATURES = 'history-list';

/**
 * Everything the engine remembers from one event to the next. One made by `loadState` is followed by its store: commit
 * what `drainChanges` returns, then `confirm`; after a failed commit, `restore`. One made by `new` lives in memory alone.
 */
export class EngineState {
  readonly snapshots: Snapshots;
  readonly fts: SeenKeys;
  readonly similar = new SimilarKeys();
  readonly ignored: KeySet;
  readonly accumulator: AccumulatorStore;
  readonly counters: RuleCounts;
  readonly history: History;
  /** Logs an OSSEC daemon takes for repeats, newest first; not kept over restarts, as in the original. */
  readonly lastLogs: string[] = [];
  private readonly tracking: Tracking = { enabled: false };
  private readonly evictions = new EvictionLog();
  private signatures = new Map<string, string>();
  private readonly changedSignatures = new Set<string>();
  private ruleset: Ruleset | undefined = undefined;

  /** `shared` stands in for what this state would keep alone. */
  constructor(limits: Partial<StateLimits> = {}, shared?: SharedMemory) {
    const { history, diff, diffCacheBytes, fts, ignore, accumulator } = { ...DEFAULT_STATE_LIMITS, ...limits };
    const { tracking, evictions } = this;
    this.snapshots = new Snapshots(diff, diffCacheBytes, evictions.notes('diff'));
    this.fts = shared?.fts ?? new KeySet('fts', fts, tracking, evictions.notes('fts'));
    this.ignored = new KeySet('ignore', ignore, tracking, evictions.notes('ignore'));
    this.accumulator = new AccumulatorStore(accumulator, tracking, evictions.notes('accumulator'));
    this.counters = shared?.counters ?? new RuleCounters(tracking);
    this.history = new History(history, tracking, evictions.notes('history'));
  }

  /**
   * Fits the state to a ruleset, at start and after a reload: a rule keeps what it counted while it exists, a history
   * while what fills and reads it is unchanged.
   */
  rebind(ruleset: Ruleset): void {
    this.ruleset = ruleset;
    this.similar.setBounds(ruleset.settings.ftsListSize, ruleset.settings.ftsMinSizeForStr);
    const rules = [...ruleset.rules.values()];
    const strict = ruleset.compat === 'strict';
    this.history.setBounds({
      memorySize: strict ? ruleset.settings.memorySize : undefined,
      maxAge: strict ? ruleset.memoryMaxAge : longestTimeframe(rules),
      listSize: ruleset.dialect === 'ossec' ? ruleset.settings.sidPrevMatchedMax : 0,
      keepAll: rules.some((rule) => rule.correlation?.over.kind === 'recent'),
    });
    const wanted = new Map<string, string>();
    for (const rule of rules) {
      for (const list of listsOf(rule)) wanted.set(list, wanted.get(list) ?? '');
      const key = listKeyOf(rule);
      if (key?.startsWith('g:')) wanted.set(key, signatureOf(rule));
    }
    this.history.retain((list) => wanted.has(list) && (this.signatures.get(list) ?? '') === wanted.get(list));
    for (const key of this.signatures.keys()) if (!wanted.get(key)) this.changedSignatures.add(key);
    for (const [key, signature] of wanted) if (signature !== this.signatures.get(key)) this.changedSignatures.add(key);
    this.signatures = new Map([...wanted].filter(([, signature]) => signature !== ''));
    this.counters.retain((id) => ruleset.rules.get(id)?.ignoreSeconds);
  }

  /** What changed since the last call, as puts and deletes that make a stored copy equal. */
  drainChanges(): Change[] {
    const changes: Change[] = [];
    if (!this.tracking.enabled) return changes;
    this.snapshots.drain(changes);
    this.fts.drain(changes);
    this.similar.drain(changes);
    this.ignored.drain(changes);
    this.accumulator.drain(changes);
    this.counters.drain(changes);
    this.history.drain(changes);
    for (const key of this.changedSignatures) {
      const signature = this.signatures.get(key);
      if (signature === undefined) changes.push({ op: 'delete', namespace: SIGNATURES, key });
      else changes.push({ op: 'put', namespace: SIGNATURES, key, value: encodeJson(signature) });
    }
    this.changedSignatures.clear();
    return changes;
  }

  /** The oldest drain that was not confirmed yet is safe in the store. */
  confirm(): void {
    this.snapshots.confirm();
  }

  /** Forgets what was not committed: back to what the store holds. */
  restore(store: StateStore): void {
    this.tracking.enabled = true;
    this.snapshots.load(store);
    this.fts.load(store);
    this.similar.load(store);
    this.ignored.load(store);
    this.accumulator.load(store);
    this.counters.load(store);
    this.history.load(store);
    this.lastLogs.length = 0;
    this.signatures.clear();
    this.changedSignatures.clear();
    for (const [key, bytes] of store.entries(SIGNATURES)) {
      const signature = decodeJson(bytes);
      if (typeof signature === 'string') this.signatures.set(key, signature);
    }
    if (this.ruleset) this.rebind(this.ruleset);
  }

  /** What is kept by now, as accounted; keys that several engines share are not counted here. */
  sizes(): ReadonlyMap<StateKind, StateSize> {
    const { history, snapshots, fts, ignored, accumulator } = this;
    const sizes = new Map<StateKind, StateSize>([
      ['history', { entries: history.size, bytes: history.bytes }],
      ['diff', { entries: snapshots.size, bytes: snapshots.storedBytes }],
      ['ignore', { entries: ignored.size, bytes: ignored.bytes }],
      ['accumulator', { entries: accumulator.size, bytes: accumulator.bytes }],
    ]);
    if (fts instanceof KeySet) sizes.set('fts', { entries: fts.size, bytes: fts.bytes });
    return sizes;
  }

  /** What was given up for want of room since the last call. */
  takeEvictions(): readonly Evicted[] {
    return this.evictions.take();
  }
}

/** The state a store holds, ready to go on where it was left. */
export function loadState(store: StateStore, limits: Partial<StateLimits> = {}): EngineState {
  const state = new EngineState(limits);
  state.restore(store);
  return state;
}

/** Seconds after which no rule looks at an event any more. */
function longestTimeframe(rules: readonly Rule[]): number {
  return rules.reduce((longest, { correlation }) => Math.max(longest, correlation?.timeframe ?? 0), 0);
}

/** Equal while a rule's correlation asks the same question. */
function signatureOf(rule: Rule): string {
  const { over: _over, ...rest } = rule.correlation!;
  return JSON.stringify([rule.level, rest]);
}
