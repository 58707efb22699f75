import type { LocalHost } from '../../../component/host.ts';
import type { LogRecord, Resource } from '../../../pdata/logs.ts';
import { createAlertResource } from '../alert/record.ts';
import { MemoryList } from '../compile/memory-list.ts';
import { openEntries } from '../compile/packed-list.ts';
import type { Ruleset } from '../compile/ruleset.ts';
import type { RulesetConfig } from '../config.ts';
import { EngineState } from '../evaluate/state.ts';
import { stateLimitsOf } from '../limits-config.ts';
import { compileWithAddons } from '../load.ts';
import { type RecordOutcome, type RecordSource, RulesetRuntime } from '../runtime.ts';
import type { Row, SentContent, SentList, SnapshotChannel, WorkerStart } from './messages.ts';
import { OutcomeWriter, type RuleNumbers, type ShardCounts } from './outcome-codec.ts';
import { Item, readRecord, readSource, type SentSource } from './record-codec.ts';
import { RowStore } from './row-store.ts';
import { SharedCounts } from './shared-counts.ts';
import { SharedKeys } from './shared-keys.ts';
import { WireReader } from './wire-reader.ts';

interface SentRecord {
  readonly order: number;
  readonly record: LogRecord;
  readonly source: RecordSource;
  readonly nowMs: number;
}

interface Prepared {
  readonly ruleset: Ruleset;
  readonly lists: ReadonlyMap<string, MemoryList>;
  readonly agentIds: ReadonlyMap<string, string>;
}

/** The part of the hosts that one worker evaluates: an engine with a memory of its own. Everything is synchronous. */
export class ShardEngine {
  readonly #config: RulesetConfig;
  readonly #localHost: LocalHost;
  readonly #sendsAlerts: boolean;
  readonly #snapshots: SnapshotChannel;
  readonly #keys: SharedKeys;
  readonly #counts = new SharedCounts();
  readonly #state: EngineState;
  readonly #reader = new WireReader();
  readonly #writer = new OutcomeWriter();
  #rules = new Map<string, { matches: number; seconds: number }>();
  #prepared: Prepared | undefined;
  #lists: ReadonlyMap<string, MemoryList> = new Map();
  #runtime: RulesetRuntime | undefined;
  #counted: ShardCounts | undefined;
  /** A message failed: what is remembered, and the words of the channel, are not certain until `restore`. */
  #isLost = false;

  constructor({ config, localHost, workers, keys, snapshots, sendsAlerts }: WorkerStart) {
    this.#sendsAlerts = sendsAlerts;
    this.#config = config;
    this.#localHost = localHost;
    this.#snapshots = snapshots;
    this.#keys = new SharedKeys(keys);
    // The workers share what all hosts together may hold.
    const limits = stateLimitsOf(config.memory, workers);
    this.#state = new EngineState(limits, { fts: this.#keys, counters: this.#counts });
  }

  /** @throws where the content does not compile to what the main thread has */
  prepare({ source, lists: sent, agentIds, fingerprint }: SentContent): void {
    const lists = sent.map(({ name, entries }) => new MemoryList(name, openEntries(entries)));
    const { ruleset } = compileWithAddons({ ...source, lists: lists.map((list) => ({ name: list.name, list })) });
    if (ruleset?.fingerprint !== fingerprint) throw new Error('the ruleset is not that of the main thread');
    this.#prepared = { ruleset, agentIds, lists: new Map(lists.map((list) => [list.name, list])) };
  }

  use(counts: SharedArrayBuffer): void {
    if (!this.#prepared) throw new Error('there is no ruleset to use');
    const { ruleset, agentIds, lists } = this.#prepared;
    this.#prepared = undefined;
    this.#lists = lists;
    this.#counts.use(ruleset, counts);
    if (this.#runtime) this.#runtime.use(ruleset, this.#state, agentIds);
    else this.#runtime = new RulesetRuntime(this.#config, this.#localHost, agentIds, ruleset, this.#state);
    this.#writer.reset();
  }

  replaceLists(lists: readonly SentList[]): void {
    for (const { name, entries } of lists) {
      const opened = openEntries(entries);
      this.#lists.get(name)?.replace(opened);
      this.#prepared?.lists.get(name)?.replace(opened);
    }
  }

  restore(rows: readonly Row[]): void {
    const store = new RowStore(rows, this.#snapshots);
    this.#state.restore(store);
    store.forgetRows();
    this.#counted = undefined;
    this.#isLost = false;
    this.#writer.reset();
  }

  confirm(): void {
    this.#state.confirm();
  }

  /** Evaluates the records of a message; returns what became of them. `isLast`: with what is remembered since. */
  evaluate(message: ArrayBuffer, nowMs: number, isLast: boolean): ArrayBuffer {
    const runtime = this.#runtime;
    if (!runtime) throw new Error('the worker has no ruleset yet');
    if (this.#isLost) throw new Error('a message that came before failed');
    try {
      this.#writer.begin();
      this.#evaluateAll(runtime, message, nowMs);
      const suspensions = runtime.takeSuspensions();
      if (suspensions.length > 0) {
        this.#counted ??= noCounts();
        this.#counted.suspensions.push(...suspensions);
      }
      const counts = this.#counted;
      this.#counted = undefined;
      if (!isLast) return this.#writer.finish(counts, undefined);
      const changes = this.#state.drainChanges();
      const added = this.#keys.takeAdded();
      const counted = this.#counts.takeCounted() ?? null;
      return this.#writer.finish(counts, { changes, added, counted, evicted: this.#state.takeEvictions() });
    } catch (error) {
      this.#isLost = true;
      throw error;
    }
  }

  /** By the rule that won, since the last call. */
  takeRules(): RuleNumbers {
    const numbers = [...this.#rules].map(([rule, { matches, seconds }]) => [rule, matches, seconds] as const);
    this.#rules = new Map();
    return numbers;
  }

  #evaluateAll(runtime: RulesetRuntime, message: ArrayBuffer, nowMs: number): void {
    const reader = this.#reader;
    reader.begin(message);
    let source: RecordSource | undefined;
    for (;;) {
      const item = reader.byte();
      if (item === Item.end) return;
      if (item === Item.source) source = this.#describe(readSource(reader));
      else {
        if (!source) throw new RangeError('a record without a source');
        const sent = { ...readRecord(reader), source, nowMs };
        if (item === Item.health) this.#evaluateHealth(runtime, sent);
        else this.#evaluateRecord(runtime, sent);
      }
    }
  }

  #describe({ host, resource, trusted }: SentSource): RecordSource {
    const mode = this.#config.resource;
    let made: Resource | undefined;
    return {
      host,
      resource,
      trusted,
      // Most sources lead to no alert.
      get alertResource() {
        made ??= createAlertResource(resource, host, mode);
        return made;
      },
    };
  }

  #evaluateRecord(runtime: RulesetRuntime, sent: SentRecord): void {
    const { order, record, source, nowMs } = sent;
    const started = performance.now();
    const outcome = runtime.evaluate(record, source, nowMs);
    this.#countRule(outcome.verdict.rule?.id ?? 'none', performance.now() - started);
    this.#count(outcome);
    const { alertRecord, verdict } = outcome;
    if (this.#config.emit === 'annotated') {
      if (outcome.alert) this.#writer.alert(order, undefined, outcome.alert);
    } else if (alertRecord) this.#writeRecord(order, alertRecord);
    if (verdict.baselines.length + verdict.tripped.length + verdict.tooLarge.length === 0) return;
    for (const health of runtime.healthRecords(outcome, record, source.host, BigInt(nowMs) * 1_000_000n)) {
      this.#evaluateHealth(runtime, { ...sent, record: health });
    }
  }

  #evaluateHealth(runtime: RulesetRuntime, { order, record, source, nowMs }: SentRecord): void {
    const { alertRecord } = runtime.evaluate(record, trustedCopy(source), nowMs);
    if (alertRecord) this.#writeRecord(order, alertRecord);
  }

  #writeRecord(order: number, record: LogRecord): void {
    this.#writer.alert(order, record, this.#sendsAlerts ? record.alert : undefined);
  }

  #countRule(rule: string, milliseconds: number): void {
    let numbers = this.#rules.get(rule);
    if (numbers === undefined) {
      numbers = { matches: 0, seconds: 0 };
      this.#rules.set(rule, numbers);
    }
    numbers.matches++;
    numbers.seconds += milliseconds / 1000;
  }

  #count({ verdict, attributesCut }: RecordOutcome): void {
    const reason = verdict.dropped ?? verdict.error;
    if (attributesCut + verdict.stale.length + verdict.tripped.length === 0 && reason === undefined) return;
    this.#counted ??= noCounts();
    const { dropped, tripped } = this.#counted;
    this.#counted.attributesCut += attributesCut;
    if (verdict.stale.length > 0) this.#counted.staleRuns++;
    if (reason !== undefined) dropped[reason] = (dropped[reason] ?? 0) + 1;
    for (const { owner } of verdict.tripped) tripped[owner] = (tripped[owner] ?? 0) + 1;
  }
}

const noCounts = (): ShardCounts => ({ attributesCut: 0, staleRuns: 0, dropped: {}, tripped: {}, suspensions: [] });

function trustedCopy({ host, resource, alertResource }: RecordSource): RecordSource {
  return { host, resource, alertResource, trusted: true };
}
