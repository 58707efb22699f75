import { formatHealthEvent, HEALTH_LOCATION } from '../../component/health-event.ts';
import type { LocalHost } from '../../component/host.ts';
import type { Alert } from '../../pdata/alert.ts';
import { createLogRecord, type LogRecord, type Resource, type ScopeLogs } from '../../pdata/logs.ts';
import { buildAlert } from './alert/build.ts';
import { createAlertResource, createSeverityMap } from './alert/record.ts';
import { collectUsedFields } from './alert/used-fields.ts';
import { AlertRecords } from './alert-records.ts';
import { textToBytes } from './bytes.ts';
import type { Rule, Ruleset } from './compile/ruleset.ts';
import type { RulesetConfig } from './config.ts';
import { createEngine, type Engine, type EventInput } from './evaluate/engine.ts';
import type { EngineState } from './evaluate/state.ts';
import type { SuspensionChange } from './evaluate/suspensions.ts';
import type { Verdict } from './evaluate/verdict.ts';
import { createIdentifier, type HostIdentity } from './identity.ts';
import { adaptRecord, textAttribute } from './input/adapt.ts';
import { localTime } from './local-time.ts';

/** What the records of one group have in common. */
export interface RecordSource {
  readonly host: HostIdentity;
  readonly resource: Resource;
  /** Resource of the alerts about this host. */
  readonly alertResource: Resource;
  readonly trusted: boolean;
}

/** What one record led to, for the processor to count. */
export class RecordOutcome {
  readonly verdict: Verdict;
  /** The record that leaves. */
  readonly alertRecord: LogRecord | undefined;
  readonly attributesCut: number;
  private readonly described: Alert | undefined;

  constructor(
    verdict: Verdict,
    alertRecord: LogRecord | undefined,
    attributesCut: number,
    described: Alert | undefined,
  ) {
    this.verdict = verdict;
    this.alertRecord = alertRecord;
    this.attributesCut = attributesCut;
    this.described = described;
  }

  /** The decision in full; present whenever a record leaves, or records are annotated. */
  get alert(): Alert | undefined {
    return this.described ?? this.alertRecord?.alert;
  }
}

const NO_FIELDS: ReadonlySet<string> = new Set();

/** What the engine hears of the sender of a record: mostly the same as for the record before. Texts are bytes. */
interface SenderBytes {
  readonly host: HostIdentity;
  readonly trusted: boolean;
  /** The location that the record named. */
  readonly place: string;
  readonly location: string;
  readonly agentId?: string;
  readonly agentName?: string;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * One ruleset at work: records in, decisions and alert records out, in order and synchronously. Holds no clock and does
 * no I/O; the processor and the library face feed it.
 */
export class RulesetRuntime {
  private readonly config: RulesetConfig;
  private readonly localHost: LocalHost;
  private identify!: (resource: Resource) => HostIdentity;
  private readonly alertRecords: AlertRecords;
  private readonly hostname: string;
  private engine: Engine | undefined = undefined;
  private readonly resumed: SuspensionChange[] = [];
  private sender: SenderBytes | undefined = undefined;
  private usedFields: ReadonlyMap<string, ReadonlySet<string>> = new Map();

  constructor(
    config: RulesetConfig,
    localHost: LocalHost,
    agentIds: ReadonlyMap<string, string>,
    ruleset: Ruleset,
    state: EngineState,
  ) {
    this.config = config;
    this.localHost = localHost;
    this.alertRecords = new AlertRecords(createSeverityMap(config.severity_map));
    this.hostname = textToBytes(config.hostname ?? localHost.name.split('.')[0]);
    this.use(ruleset, state, agentIds);
  }

  get ruleset(): Ruleset {
    return this.engine!.ruleset;
  }

  /** Patterns that were suspended or resumed since the last call; a reload resumes all. */
  takeSuspensions(): readonly SuspensionChange[] {
    const changes = this.engine!.takeSuspensions();
    return this.resumed.length === 0 ? changes : [...this.resumed.splice(0), ...changes];
  }

  /** Goes on with another ruleset; `state` keeps what still fits (see EngineState.rebind). */
  use(ruleset: Ruleset, state: EngineState, agentIds: ReadonlyMap<string, string>): void {
    this.identify = createIdentifier(this.config.identity, this.localHost, agentIds);
    this.engine?.retire();
    this.resumed.push(...(this.engine?.takeSuspensions() ?? []));
    const { after, within, for: duration } = this.config.suspend;
    const suspend = { after, within: within / 1000, for: duration / 1000 };
    this.engine = createEngine(ruleset, state, { mode: 'live', hostname: this.hostname, localTime, suspend });
    this.usedFields = collectUsedFields(ruleset);
  }

  describeSource({ resource, trusted }: ScopeLogs): RecordSource {
    const host = this.identify(resource);
    return { host, resource, alertResource: createAlertResource(resource, host, this.config.resource), trusted };
  }

  evaluate(record: LogRecord, source: RecordSource, nowMs: number): RecordOutcome {
    const { host, trusted } = source;
    const input = adaptRecord(record, source.resource, this.config.input);
    if (host !== this.sender?.host || trusted !== this.sender.trusted || input.location !== this.sender.place) {
      this.sender = describeSender(host, trusted, input.location);
    }
    const { sender } = this;
    const alias =
      trusted && this.config.diff.per === 'alias' ? textAttribute(record.attributes, 'hids.command.alias') : '';
    const runNumber = commandRun(record);
    const event: Writable<EventInput> = {
      log: input.log,
      location: sender.location,
      queue: input.queue,
      timeMs: nowMs,
      trusted,
    };
    if (sender.agentId !== undefined) {
      event.agentId = sender.agentId;
      event.agentName = sender.agentName;
    }
    if (alias !== '') event.alias = textToBytes(alias);
    if (trusted && runNumber !== undefined) event.runTimeMs = runNumber;
    const verdict = this.engine!.evaluate(event);
    const described =
      this.config.emit === 'annotated' ? buildAlert(verdict, this.ruleset, host, record.identity) : undefined;
    const { rule } = verdict;
    if (!verdict.alert || rule === undefined) return new RecordOutcome(verdict, undefined, 0, described);
    const used = this.usedFields.get(rule.id) ?? NO_FIELDS;
    const made = this.alertRecords.create(verdict as Verdict & { rule: Rule }, this.ruleset, record, source, used);
    return new RecordOutcome(verdict, made.record, made.attributesCut, described);
  }

  /** Records about what evaluating one record brought to light; rules of the health add-on turn them into alerts. */
  healthRecords({ verdict }: RecordOutcome, record: LogRecord, host: HostIdentity, nowUnixNano: bigint): LogRecord[] {
    const bodies = [
      ...verdict.baselines.map(({ ruleId }) =>
        formatHealthEvent('baseline', ruleId, {
          host: host.name,
          location: verdict.event.location,
          bytes: verdict.event.log.length,
        }),
      ),
      ...verdict.tripped.map(({ owner }) =>
        formatHealthEvent('match limit tripped', owner, { host: host.name, bytes: verdict.event.log.length }),
      ),
      ...verdict.tooLarge.map((ruleId) =>
        formatHealthEvent('command output truncated', ruleId, { host: host.name, bytes: verdict.event.log.length }),
      ),
    ];
    return bodies.map((body, index) => createHealthRecord(body, `${record.identity}#health:${index}`, nowUnixNano));
  }
}

/** A record as rules of the health add-on read it; `identity` is that of the record it is about, with something added. */
export function createHealthRecord(body: string, identity: string, nowUnixNano: bigint): LogRecord {
  return createLogRecord({
    body,
    eventName: 'hids.health',
    observedTimeUnixNano: nowUnixNano,
    identity,
    attributes: new Map([
      ['hids.queue', '1'],
      ['hids.location', HEALTH_LOCATION],
    ]),
  });
}

/**
 * Number of a command's run: its time in epoch milliseconds, or one more than the last where the clock went back. The
 * time itself would leave all changes out until a clock that was set back is where it had been.
 */
function commandRun(record: LogRecord): number | undefined {
  const run = Number(record.attributes.get('hids.command.run') ?? 0);
  return Number.isSafeInteger(run) && run > 0 ? run : undefined;
}

function describeSender(host: HostIdentity, trusted: boolean, place: string): SenderBytes {
  const location = textToBytes(place);
  if (host.local) return { host, trusted, place, location: guardLocation(location, trusted) };
  const agentName = textToBytes(host.name);
  // One piece: what is put together of several would be copied with each question about it.
  const whole = Buffer.from(`(${agentName}) any->${location}`, 'latin1').toString('latin1');
  return { host, trusted, place, location: whole, agentId: textToBytes(host.agentId), agentName };
}

/**
 * A location in brackets names an agent to the engine (`[001] (web01) any->file`). Only sources of this process may do so;
 * what a sender wrote is a name like any other.
 */
function guardLocation(location: string, trusted: boolean): string {
  return !trusted && /^[[(]/.test(location) ? ` ${location}` : location;
}
