import type { Consumer, Processor } from '../../component/component.ts';
import { RefusedError } from '../../component/errors.ts';
import type { Host, Settings } from '../../component/host.ts';
import type { WorkUnit } from '../../component/state-store.ts';
import { createProcessorTelemetry, type ProcessorTelemetry } from '../../component/telemetry.ts';
import type { LogBatch, LogRecord, ScopeLogs } from '../../pdata/logs.ts';
import { SERVICE_NAME } from './alert/record.ts';
import { CommandRuns, createLateRunRecord } from './command-runs.ts';
import type { RulesetConfig } from './config.ts';
import { createCounters, isTaken, type RulesetCounters } from './counters.ts';
import { EngineState, loadState } from './evaluate/state.ts';
import { EvictionReports } from './evictions.ts';
import { stateLimitsOf } from './limits-config.ts';
import { LiveContent } from './live/live-content.ts';
import { annotate, createAlertGroup, handOn } from './outgoing.ts';
import { RuleTelemetry } from './rule-telemetry.ts';
import { type RecordOutcome, type RecordSource, RulesetRuntime } from './runtime.ts';
import { observeState } from './state-gauges.ts';
import { StateView, stateScope } from './state-view.ts';
import { SuspensionReports } from './suspension-reports.ts';
import { settleLayout } from './workers/layout.ts';

/** Until units that are under way have ended; receivers come again. */
const RESTORE_RETRY_MS = 50;

/**
 * Evaluates every record against the ruleset, one after the other, and hands alerts on. What the engine remembers is part
 * of the batch's unit of work; when a unit fails, the engine goes back to what the store holds before it takes another.
 */
export class RulesetProcessor implements Processor {
  readonly mutatesData: boolean;
  private readonly settings: Settings;
  private readonly config: RulesetConfig;
  private readonly next: Consumer;
  private readonly telemetry: ProcessorTelemetry;
  private readonly counters: RulesetCounters;
  private view: StateView | undefined = undefined;
  private state = new EngineState();
  private readonly runs = new CommandRuns();
  private content: LiveContent | undefined = undefined;
  private rules: RuleTelemetry | undefined = undefined;
  private evictions: EvictionReports | undefined = undefined;
  private suspensions: SuspensionReports | undefined = undefined;
  private unobserve: () => void = () => {};
  private runtime: RulesetRuntime | undefined = undefined;
  /** Units that carry engine state and have neither been committed nor rolled back. */
  private openUnits = 0;
  /** A unit failed: what the engine remembers is ahead of the store. */
  private ahead = false;

  constructor(settings: Settings, config: RulesetConfig, next: Consumer) {
    this.settings = settings;
    this.config = config;
    this.next = next;
    this.mutatesData = config.emit === 'annotated';
    this.telemetry = createProcessorTelemetry(settings.meter, settings.id);
    this.counters = createCounters(settings.meter);
  }

  async start(host: Host): Promise<void> {
    this.view = new StateView(host.store(this.config.storage), stateScope(this.settings));
    await settleLayout(this.view, 1);
    this.content = new LiveContent(this.settings, this.config, host);
    const { ruleset, agentIds } = await this.content.load();
    this.state = loadState(this.view, stateLimitsOf(this.config.memory));
    this.unobserve = observeState(this.settings, this.state);
    this.runs.load(this.view);
    const runtime = new RulesetRuntime(this.config, this.settings.localHost, agentIds, ruleset, this.state);
    this.runtime = runtime;
    this.rules ??= new RuleTelemetry(this.settings);
    this.evictions = new EvictionReports(this.settings, host);
    this.suspensions = new SuspensionReports(this.settings, host);
    this.content.start((content) => runtime.use(content.ruleset, this.state, content.agentIds));
    host.reportStatus(this.settings.id, { state: 'ok' });
    this.settings.logger.info(
      { component: this.settings.id, rules: ruleset.rules.size, lists: ruleset.lists.size, dialect: ruleset.dialect },
      'ruleset loaded',
    );
  }

  async shutdown(): Promise<void> {
    await this.content?.stop();
    this.rules?.close();
    this.unobserve();
    this.runtime = undefined;
  }

  /** Reads rules, decoders and lists again; a set that cannot be used is refused and the old one stays in force. */
  async reload(): Promise<void> {
    await this.content?.reload();
  }

  async consume(batch: LogBatch, work: WorkUnit): Promise<void> {
    if (this.ahead) this.goBack();
    if (this.ahead) throw new RefusedError('state goes back to what is stored', RESTORE_RETRY_MS);
    const runtime = this.runtime;
    if (!runtime) throw new Error(`${this.settings.id} is not started`);
    const started = performance.now();
    const outgoing: ScopeLogs[] = [];
    let incoming = 0;
    // Before anything is remembered: an error on the way, such as a damaged store, must take back what was.
    this.enlist(work);
    for (const group of batch.logs) {
      incoming += group.records.length;
      outgoing.push(...this.evaluateGroup(runtime, group));
    }
    this.addChanges(work);
    this.evictions?.look(this.state);
    this.suspensions?.look(runtime.takeSuspensions());
    this.telemetry.incoming(incoming);
    this.telemetry.duration.record((performance.now() - started) / 1000, { processor: this.settings.id });
    await handOn(outgoing, this.next, work, this.telemetry);
  }

  private evaluateGroup(runtime: RulesetRuntime, group: ScopeLogs): ScopeLogs[] {
    const { emit } = this.config;
    if (group.scope.name === SERVICE_NAME) {
      this.counters.ownRecords.add(group.records.length);
      return emit === 'alerts' ? [] : [group];
    }
    const source = runtime.describeSource(group);
    if (!isTaken(source.host, group.records.length, this.config.identity, this.counters, this.settings.id)) {
      return emit === 'alerts' ? [] : [group];
    }
    const alerts: LogRecord[] = [];
    for (const record of group.records) this.evaluateRecord(runtime, record, source, alerts);
    const found = createAlertGroup(source.alertResource, alerts);
    return emit === 'alerts' ? [found] : [group, found];
  }

  private evaluateRecord(runtime: RulesetRuntime, record: LogRecord, source: RecordSource, alerts: LogRecord[]): void {
    const { clock } = this.settings;
    const late =
      this.config.compat === 'strict' || !source.trusted ? undefined : this.runs.check(record, source.host.key);
    if (late) {
      this.counters.staleRuns.add(1, { processor: this.settings.id });
      if (late.isFirst)
        this.evaluateHealth(runtime, [createLateRunRecord(late, record, clock.nowUnixNano())], source, alerts);
      return;
    }
    const started = performance.now();
    const outcome = runtime.evaluate(record, source, clock.now());
    this.rules?.count(outcome.verdict.rule?.id, performance.now() - started);
    this.count(outcome);
    if (this.config.emit === 'annotated') {
      if (outcome.alert) annotate(record, outcome.alert);
    } else if (outcome.alertRecord) alerts.push(outcome.alertRecord);
    if (!needsHealthRecords(outcome)) return;
    const found = runtime.healthRecords(outcome, record, source.host, clock.nowUnixNano());
    this.evaluateHealth(runtime, found, source, alerts);
  }

  private evaluateHealth(
    runtime: RulesetRuntime,
    records: readonly LogRecord[],
    source: RecordSource,
    alerts: LogRecord[],
  ): void {
    for (const health of records) {
      const { alertRecord } = runtime.evaluate(health, { ...source, trusted: true }, this.settings.clock.now());
      if (alertRecord) alerts.push(alertRecord);
    }
  }

  private count({ verdict, attributesCut }: RecordOutcome): void {
    const processor = this.settings.id;
    if (attributesCut > 0) this.counters.attributesCut.add(attributesCut, { processor });
    const reason = verdict.dropped ?? verdict.error;
    if (reason !== undefined) this.counters.dropped.add(1, { processor, reason });
    if (verdict.stale.length > 0) this.counters.staleRuns.add(1, { processor });
    for (const { owner } of verdict.tripped) this.counters.tripped.add(1, { processor, owner });
  }

  /** Makes what the engine remembers go with the unit. */
  private enlist(work: WorkUnit): void {
    const { state } = this;
    this.openUnits++;
    work.onCommit(() => {
      state.confirm();
      this.settle();
    });
    work.onRollback(() => {
      this.ahead = true;
      this.settle();
    });
  }

  private addChanges(work: WorkUnit): void {
    if (!this.view) return;
    for (const change of [...this.state.drainChanges(), ...this.runs.drain()]) work.add(this.view.outer(change));
  }

  /** When the last open unit has ended, one way or the other, the store is complete and can be gone back to. */
  private settle(): void {
    this.openUnits--;
    this.goBack();
  }

  /** Tried again with the next batch where the store cannot be read: it may just be being replaced. */
  private goBack(): void {
    if (!this.ahead || this.openUnits > 0 || !this.view) return;
    try {
      this.state.restore(this.view);
      this.runs.load(this.view);
      this.ahead = false;
    } catch (error) {
      this.settings.logger.error({ component: this.settings.id, error }, 'the stored state cannot be read yet');
    }
  }
}

function needsHealthRecords({ verdict }: RecordOutcome): boolean {
  return verdict.baselines.length + verdict.tripped.length + verdict.tooLarge.length > 0;
}
