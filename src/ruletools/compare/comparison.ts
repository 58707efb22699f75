import { textToBytes } from '../../processor/ruleset/bytes.ts';
import type { Ruleset } from '../../processor/ruleset/compile/ruleset.ts';
import type { LocalTime } from '../../processor/ruleset/evaluate/conditions.ts';
import { createEngine, type Engine } from '../../processor/ruleset/evaluate/engine.ts';
import { EngineState } from '../../processor/ruleset/evaluate/state.ts';
import type { Verdict } from '../../processor/ruleset/evaluate/verdict.ts';
import { type Difference, EXCUSED, type Group, type ReasonCode, type RuleTally } from './difference.ts';
import { judgeExtra, judgeMissing, type Reason, Witness } from './judge.ts';
import { isSameEvent, type RecordedLine, readRecordedLine } from './recording.ts';

const MAX_EXAMPLES = 3;
const MAX_PROBLEMS = 20;

/** Queues of decoders that are code of the manager. */
const QUEUES: Readonly<Record<string, string>> = { windows_eventchannel: 'f', syscollector: 'd' };
/** Of these the files do not hold what the agent sent. */
const NOT_REPLAYABLE = /^(?:syscheck_|hostinfo_|rootcheck$|sca$|ciscat$)/;

interface RecordedAlert {
  readonly ruleId: string;
  readonly line: number;
  readonly logDigest: string | undefined;
  readonly dataDigest: string | undefined;
  used: boolean;
}

export interface ComparisonResult {
  readonly events: number;
  readonly replayed: number;
  readonly alerts: number;
  readonly rules: ReadonlyMap<string, RuleTally>;
  readonly groups: readonly Group[];
  /** Lines that could not be read; the first few are described. */
  readonly unreadable: number;
  readonly problems: readonly string[];
  /** No difference, or none that rules or engine are to blame for. */
  readonly isSame: boolean;
}

/**
 * Compares what a live manager recorded with what this engine makes of the same events at the same times. Give it all
 * alerts first, then the archives in order, then ask for the result.
 */
export class Comparison {
  readonly #ruleset: Ruleset;
  readonly #alerts = new Map<string, RecordedAlert[]>();
  readonly #rules = new Map<string, RuleTally>();
  readonly #groups = new Map<string, Group>();
  /** Rules that the manager is known to have. */
  readonly #named = new Set<string>();
  readonly #problems: string[] = [];
  #engine: Engine | undefined = undefined;
  #witness: Witness | undefined = undefined;
  #zoneMinutes = 0;
  #nowMs = 0;
  #beginMs = Number.POSITIVE_INFINITY;
  #firstAlertMs = Number.POSITIVE_INFINITY;
  #lastAlertMs = Number.NEGATIVE_INFINITY;
  #events = 0;
  #replayed = 0;
  #alertCount = 0;
  #unreadable = 0;
  readonly #hostname: string | undefined;

  constructor(ruleset: Ruleset, hostname?: string) {
    this.#ruleset = ruleset;
    this.#hostname = hostname;
  }

  addAlert(line: string, number: number): void {
    const alert = this.#read(line, 'alerts', number);
    if (!alert) return;
    if (alert.ruleId === undefined) {
      this.#complain('alerts', number, 'there is no rule in it');
      return;
    }
    this.#alertCount++;
    this.#named.add(alert.ruleId);
    this.#tally(alert.ruleId).recorded++;
    this.#firstAlertMs = Math.min(this.#firstAlertMs, alert.timeMs);
    this.#lastAlertMs = Math.max(this.#lastAlertMs, alert.timeMs);
    const { ruleId, logDigest, dataDigest, place } = alert;
    const there = this.#alerts.get(place);
    const kept = { ruleId, line: number, logDigest, dataDigest, used: false };
    if (there) there.push(kept);
    else this.#alerts.set(place, [kept]);
  }

  addEvent(line: string, number: number): void {
    const event = this.#read(line, 'archives', number);
    if (!event) return;
    this.#events++;
    this.#beginMs = Math.min(this.#beginMs, event.timeMs);
    if (event.ruleId !== undefined) this.#named.add(event.ruleId);
    const alert = this.#alerts.get(event.place)?.find((candidate) => !candidate.used && isSameEvent(event, candidate));
    if (alert) alert.used = true;
    const place = `archives line ${number}`;
    if (event.fullLog === undefined || NOT_REPLAYABLE.test(event.decoder ?? '')) {
      const code = event.fullLog === undefined ? 'no-log' : 'not-replayable';
      if (alert) this.#differ(alert.ruleId, 'missing', { code, detail: event.decoder }, place, event);
      return;
    }
    this.#replayed++;
    this.#compare(event, alert?.ruleId, this.#evaluate(event, alert?.ruleId), place);
  }

  finish(): ComparisonResult {
    for (const alerts of this.#alerts.values()) {
      for (const { used, ruleId, line } of alerts) {
        if (!used) this.#differ(ruleId, 'missing', { code: 'not-in-archive' }, `alerts line ${line}`, undefined);
      }
    }
    const groups = [...this.#groups.values()];
    for (const group of groups) {
      if (group.kind === 'extra' && group.code === 'unexplained' && !this.#named.has(group.ruleId))
        group.code = 'new-rule';
    }
    return {
      events: this.#events,
      replayed: this.#replayed,
      alerts: this.#alertCount,
      rules: this.#rules,
      groups,
      unreadable: this.#unreadable,
      problems: this.#problems,
      isSame: groups.every(({ code }) => EXCUSED.has(code)),
    };
  }

  #evaluate(event: RecordedLine, wanted: string | undefined): Verdict {
    this.#nowMs = event.timeMs;
    this.#zoneMinutes = event.zoneMinutes;
    const { engine, witness } = this.#open(event);
    // Watching costs the engine its short cuts, so only those are watched that the manager alerted on.
    engine.trace(wanted === undefined ? undefined : witness);
    witness.watch(wanted);
    return engine.evaluate({
      log: textToBytes(event.fullLog ?? ''),
      location: textToBytes(event.rawLocation),
      queue: QUEUES[event.decoder ?? ''] ?? '1',
      timeMs: event.timeMs,
      trusted: true,
    });
  }

  #compare(event: RecordedLine, recorded: string | undefined, verdict: Verdict, place: string): void {
    const ours = verdict.alert ? verdict.rule : undefined;
    if (ours) this.#tally(ours.id).ours++;
    if (recorded !== undefined && recorded === ours?.id) {
      this.#tally(recorded).same++;
      return;
    }
    const judgement = { ruleset: this.#ruleset, event, verdict, witness: this.#witness!, beginMs: this.#beginMs };
    let reason: Reason | undefined;
    if (recorded !== undefined) {
      reason = judgeMissing(recorded, judgement);
      this.#differ(recorded, 'missing', reason, place, event);
    }
    if (!ours) return;
    if (reason === undefined) {
      const isCovered = event.timeMs >= this.#firstAlertMs && event.timeMs <= this.#lastAlertMs;
      this.#differ(ours.id, 'extra', judgeExtra(ours, judgement, isCovered), place, event);
    } else {
      // What excuses the one excuses the other.
      const code: ReasonCode = EXCUSED.has(reason.code) ? reason.code : 'in-place-of';
      this.#differ(ours.id, 'extra', { code, detail: `in the place of rule ${recorded}` }, place, event);
    }
  }

  #differ(
    ruleId: string,
    kind: Difference['kind'],
    reason: Reason,
    place: string,
    event: RecordedLine | undefined,
  ): void {
    this.#tally(ruleId)[kind]++;
    const key = `${ruleId} ${kind} ${reason.code}`;
    const group = this.#groups.get(key) ?? { ruleId, kind, code: reason.code, count: 0, examples: [] };
    this.#groups.set(key, group);
    group.count++;
    if (group.examples.length >= MAX_EXAMPLES) return;
    const { code, detail } = reason;
    group.examples.push({ ruleId, kind, code, detail, place, log: event?.fullLog?.slice(0, 300) });
  }

  #tally(ruleId: string): RuleTally {
    let tally = this.#rules.get(ruleId);
    if (!tally) {
      tally = { recorded: 0, ours: 0, same: 0, missing: 0, extra: 0 };
      this.#rules.set(ruleId, tally);
    }
    return tally;
  }

  /** The first event says what the manager is called, which rules see as the own host. */
  #open(event: RecordedLine): { engine: Engine; witness: Witness } {
    if (!this.#engine || !this.#witness) {
      const hostname = textToBytes(this.#hostname ?? event.manager?.split('.')[0] ?? '');
      const clock = () => this.#clock();
      this.#engine = createEngine(this.#ruleset, new EngineState(), { mode: 'live', hostname, localTime: clock });
      this.#witness = new Witness(this.#ruleset, this.#engine.state.history, clock);
    }
    return { engine: this.#engine, witness: this.#witness };
  }

  /** The manager's wall clock: timestamps carry its zone. */
  #clock(): LocalTime {
    const date = new Date(this.#nowMs + this.#zoneMinutes * 60_000);
    return { minutes: date.getUTCHours() * 60 + date.getUTCMinutes(), weekday: date.getUTCDay() };
  }

  #read(line: string, file: string, number: number): RecordedLine | undefined {
    const read = readRecordedLine(line);
    if (typeof read !== 'string') return read;
    this.#complain(file, number, read);
    return undefined;
  }

  #complain(file: string, number: number, message: string): void {
    this.#unreadable++;
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(`${file} line ${number}: ${message}`);
  }
}
