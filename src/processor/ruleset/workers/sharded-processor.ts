import type { Counter } from '@opentelemetry/api';
import type { Consumer, Processor } from '../../../component/component.ts';
import type { Host, Settings } from '../../../component/host.ts';
import type { WorkUnit } from '../../../component/state-store.ts';
import { createProcessorTelemetry, type ProcessorTelemetry } from '../../../component/telemetry.ts';
import { releaseHeap } from '../../../heap.ts';
import { countRecords, type LogBatch, type ScopeLogs } from '../../../pdata/logs.ts';
import { SERVICE_NAME } from '../alert/record.ts';
import { createLateRunRecord } from '../command-runs.ts';
import type { RulesetConfig } from '../config.ts';
import { createCounters, isTaken, type RulesetCounters } from '../counters.ts';
import type { Evicted } from '../evaluate/state/limits.ts';
import { EvictionReports } from '../evictions.ts';
import { createIdentifier, type HostIdentity } from '../identity.ts';
import { stateLimitsOf } from '../limits-config.ts';
import { LiveContent, type UsableContent } from '../live/live-content.ts';
import { handOn } from '../outgoing.ts';
import { RuleTelemetry } from '../rule-telemetry.ts';
import { StateView, stateScope } from '../state-view.ts';
import { SuspensionReports } from '../suspension-reports.ts';
import { BatchSender } from './batch-sender.ts';
import { gather, release, type SentGroup } from './gather.ts';
import { settleLayout } from './layout.ts';
import type { ShardCounts, ShardOutcome } from './outcome-codec.ts';
import { WorkerPool } from './pool.ts';
import { Item, type SentSource } from './record-codec.ts';
import { ShardedState, type ShardedUnit } from './sharded-state.ts';

/** Rules that a warning names. */
const MAX_NAMED = 10;

/** A batch that workers have. */
interface Dispatched {
  readonly sent: readonly (SentGroup | ScopeLogs)[];
  readonly unit: ShardedUnit;
  readonly outcomes: Promise<ReadonlyMap<number, readonly ShardOutcome[]>>;
}

/**
 * The `ruleset` processor with several threads: hosts are dealt out to workers, each with an engine and a memory of its
 * own, and what they find comes back in the order of the batch. While workers have one batch the next is sent; they leave in
 * their order. State changes of all workers go into the batch's unit of work, and a unit that fails takes all workers back
 * to what the store holds.
 */
export class ShardedRulesetProcessor implements Processor {
  readonly mutatesData: boolean;
  readonly overlaps = true;
  readonly #settings: Settings;
  readonly #config: RulesetConfig;
  readonly #workers: number;
  readonly #next: Consumer;
  readonly #telemetry: ProcessorTelemetry;
  readonly #counters: RulesetCounters;
  readonly #restarts: Counter;
  #state: ShardedState | undefined;
  #pool: WorkerPool | undefined;
  #sender: BatchSender | undefined;
  #content: LiveContent | undefined;
  #rules: RuleTelemetry | undefined;
  #evictions: EvictionReports | undefined;
  #suspensions: SuspensionReports | undefined;
  #identify: ReturnType<typeof createIdentifier> | undefined;
  /** Read by now; in force with the next batch. */
  #pending: UsableContent | undefined;
  /** Batches are sent one after the other. */
  #tail: Promise<void> = Promise.resolve();
  /** Resolves when the batch that came last, and all before it, have left. */
  #last: Promise<void> = Promise.resolve();

  constructor(settings: Settings, config: RulesetConfig, next: Consumer, workers: number) {
    this.#settings = settings;
    this.#config = config;
    this.#workers = workers;
    this.#next = next;
    this.mutatesData = config.emit === 'annotated';
    this.#telemetry = createProcessorTelemetry(settings.meter, settings.id);
    this.#counters = createCounters(settings.meter);
    this.#restarts = settings.meter.createCounter('hids_ruleset_worker_ends', {
      description: 'worker threads that ended by themselves and were replaced',
    });
  }

  async start(host: Host): Promise<void> {
    const view = new StateView(host.store(this.#config.storage), stateScope(this.#settings));
    if (await settleLayout(view, this.#workers)) {
      this.#settings.logger.info(
        { component: this.#settings.id, workers: this.#workers },
        'state dealt out to workers',
      );
    }
    this.#rules ??= new RuleTelemetry(this.#settings);
    this.#evictions = new EvictionReports(this.#settings, host);
    this.#suspensions = new SuspensionReports(this.#settings, host);
    const state = new ShardedState(this.#settings, view, this.#workers, stateLimitsOf(this.#config.memory).fts);
    const pool = this.#createPool(host, state);
    this.#state = state;
    this.#pool = pool;
    this.#sender = new BatchSender(this.#workers, (...message) => pool.evaluate(...message));
    this.#content = new LiveContent(this.#settings, this.#config, host, {
      prepare: (content) => {
        const prepared = pool.prepare(content);
        // While the workers compile.
        releaseHeap();
        return prepared;
      },
      listsChanged: (lists, ruleset) => pool.replaceLists(lists, ruleset),
    });
    try {
      await pool.revive();
      const content = await this.#content.load();
      this.#adopt(content);
      state.load(pool);
      const { rules, lists, dialect } = content.ruleset;
      this.#settings.logger.info(
        { component: this.#settings.id, rules: rules.size, lists: lists.size, dialect, workers: this.#workers },
        'ruleset loaded',
      );
    } catch (error) {
      await pool.stop();
      throw error;
    }
    this.#content.start((content) => {
      this.#pending = content;
    });
    host.reportStatus(this.#settings.id, { state: 'ok' });
  }

  async shutdown(): Promise<void> {
    await this.#content?.stop();
    await this.#pool?.stop();
    this.#rules?.close();
    this.#pool = undefined;
  }

  /** Reads rules, decoders and lists again; a set that cannot be used is refused and the old one stays in force. */
  async reload(): Promise<void> {
    await this.#content?.reload();
  }

  async consume(batch: LogBatch, work: WorkUnit): Promise<void> {
    const started = performance.now();
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = left;
    try {
      const { sent, unit, outcomes } = await this.#inTurn(() => this.#dispatch(batch, work, before));
      work.letNextBegin();
      const found = await outcomes;
      await before;
      await work.turn();
      unit.check();
      this.#pool?.noteSuccess();
      this.#remember(found, unit);
      this.#telemetry.incoming(countRecords(batch));
      this.#telemetry.duration.record((performance.now() - started) / 1000, { processor: this.#settings.id });
      await handOn(gather(sent, found, this.#config), this.#next, work, this.#telemetry);
      if (this.#next.ignoresAlerts === true) release(found, work);
    } catch (error) {
      // Whatever comes behind this batch was evaluated on top of it.
      this.#state?.fail();
      await before;
      await work.turn();
      throw error;
    } finally {
      leave();
    }
  }

  #createPool(host: Host, state: ShardedState): WorkerPool {
    const { id, localHost, logger, clock } = this.#settings;
    return new WorkerPool({
      workers: this.#workers,
      config: { ...this.#config, workers: this.#workers },
      localHost,
      clock,
      keys: state.keyMemory,
      sendsAlerts: this.#next.ignoresAlerts !== true,
      readSnapshot: (key) => state.readSnapshot(key),
      countRules: (numbers) => {
        for (const [rule, matches, seconds] of numbers) this.#rules?.add(rule, matches, seconds);
      },
      ended: (error) => {
        this.#restarts.add(1, { processor: id });
        state.workerEnded();
        logger.error({ component: id, error }, 'a worker thread ended; its batch comes again on another one');
        host.reportStatus(id, { state: 'recoverable_error', reason: error.message });
      },
      recovered: () => host.reportStatus(id, { state: 'ok' }),
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    this.#tail = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  #adopt(content: UsableContent): void {
    const { ruleset, agentIds } = content;
    this.#pool?.use(content, this.#state!.use(ruleset));
    this.#identify = createIdentifier(this.#config.identity, this.#settings.localHost, agentIds);
    const global = [...ruleset.rules.values()].filter(({ correlation }) => correlation?.globalFrequency);
    if (global.length === 0) return;
    const rules = global.slice(0, MAX_NAMED).map(({ id }) => id);
    this.#settings.logger.warn(
      { component: this.#settings.id, rules, count: global.length },
      'rules with global_frequency count the hosts of one worker only; workers: 1 counts all',
    );
  }

  /** Sends a batch to the workers. `before`: all batches before it have left. */
  async #dispatch(batch: LogBatch, work: WorkUnit, before: Promise<void>): Promise<Dispatched> {
    const state = this.#state;
    const pool = this.#pool;
    const sender = this.#sender;
    if (!state || !pool || !sender) throw new Error(`${this.#settings.id} is not started`);
    if (this.#pending || state.isAhead || state.isUntidy || !pool.isComplete) {
      await before;
      await this.#prepare(state, pool, sender);
    }
    // Before anything is remembered: an error on the way must take back what was.
    const unit = state.enlist(work, pool);
    try {
      const sent = this.#send(batch, sender);
      unit.noteSent();
      return { sent, unit, outcomes: sender.finish() };
    } catch (error) {
      await sender.abandon();
      throw error;
    }
  }

  /** While no worker has anything to do. */
  async #prepare(state: ShardedState, pool: WorkerPool, sender: BatchSender): Promise<void> {
    if (this.#pending) {
      this.#adopt(this.#pending);
      this.#pending = undefined;
    }
    state.tidy();
    if (!state.isAhead && pool.isComplete) return;
    await state.goBack(pool);
    // New workers know no words.
    sender.reset();
  }

  #remember(outcomes: ReadonlyMap<number, readonly ShardOutcome[]>, unit: ShardedUnit): void {
    for (const [shard, all] of outcomes) {
      for (const { counts, memory } of all) {
        if (counts) this.#count(counts);
        if (memory) unit.take(shard, memory);
      }
    }
    unit.finish();
    this.#evictions?.look({ takeEvictions: (): readonly Evicted[] => this.#state!.takeEvictions() });
  }

  /** Hands every group to the worker of its host; those that are not evaluated stay what they are. */
  #send(batch: LogBatch, sender: BatchSender): (SentGroup | ScopeLogs)[] {
    const { clock } = this.#settings;
    sender.begin(clock.now());
    let order = 0;
    return batch.logs.map((group) => {
      const host = this.#hostOf(group);
      if (!host) return group;
      const shard = this.#state!.hosts.of(host.agentId);
      const source: SentSource = { host, resource: group.resource, trusted: group.trusted };
      const from = order;
      for (const record of group.records) {
        const late = group.trusted ? this.#state!.runs.check(record, host.key) : undefined;
        if (!late) sender.add(shard, source, Item.record, order, record);
        else {
          this.#counters.staleRuns.add(1, { processor: this.#settings.id });
          const health = createLateRunRecord(late, record, clock.nowUnixNano());
          if (late.isFirst) sender.add(shard, source, Item.health, order, health);
        }
        order++;
      }
      return { group, host, shard, from, to: order };
    });
  }

  /** Undefined where the group is none for rules. */
  #hostOf(group: ScopeLogs): HostIdentity | undefined {
    const count = group.records.length;
    if (group.scope.name === SERVICE_NAME) {
      this.#counters.ownRecords.add(count);
      return undefined;
    }
    const host = this.#identify!(group.resource);
    return isTaken(host, count, this.#config.identity, this.#counters, this.#settings.id) ? host : undefined;
  }

  #count({ attributesCut, staleRuns, dropped, tripped, suspensions }: ShardCounts): void {
    this.#suspensions?.look(suspensions);
    const processor = this.#settings.id;
    if (attributesCut > 0) this.#counters.attributesCut.add(attributesCut, { processor });
    if (staleRuns > 0) this.#counters.staleRuns.add(staleRuns, { processor });
    for (const [reason, count] of Object.entries(dropped)) this.#counters.dropped.add(count, { processor, reason });
    for (const [owner, count] of Object.entries(tripped)) this.#counters.tripped.add(count, { processor, owner });
  }
}
