import type { Rule, Ruleset } from '../compile/ruleset.ts';
import { Accumulator } from './accumulate.ts';
import { Candidates } from './candidates.ts';
import { ChildDecoders } from './child-decoders.ts';
import type { ConditionContext, LocalTime } from './conditions.ts';
import { createScan, type HistorySearch } from './correlate.ts';
import { type DecodeContext, type DecodeTracer, decodeEvent } from './decode.ts';
import { describe } from './describe.ts';
import { Event, memoryHost } from './event.ts';
import { isIncompleteFirewall, rewriteFirewallAction } from './firewall.ts';
import { checkedEntry, ignoreEntry } from './ignore.ts';
import { JsonDecoder } from './json-fields.ts';
import { createKeyedSearch } from './keyed-search.ts';
import { LinkStarts } from './link-starts.ts';
import { readLocation } from './location.ts';
import { LogScan } from './log-scan.ts';
import { LimitLog } from './match.ts';
import { predecodeLog } from './predecode.ts';
import { type Program, programOf, type RuleNode } from './program.ts';
import { ProgramNames } from './program-names.ts';
import { decodeQueue } from './queues/queues.ts';
import { RootDecoders } from './root-decoders.ts';
import type { EngineState } from './state.ts';
import type { SuspensionChange, SuspensionLimits } from './suspensions.ts';
import type { DropReason, SilencedBy, Verdict } from './verdict.ts';
import { Walk, type WalkTracer } from './walk.ts';

export interface EngineOptions {
  /**
   * `live` is what the daemon does. `session` is what logtest (OSSEC: its test program) does: `ignore` windows leave
   * the rule in the result, the `ignore` element is not stored, incomplete firewall events stay.
   */
  readonly mode: 'live' | 'session';
  /** The engine's own host, where neither agent nor header names one; bytes. */
  readonly hostname: string;
  /** Local wall clock for `time` and `weekday`. */
  localTime(timeMs: number): LocalTime;
  /** When patterns that take too many steps are not asked any more; never where absent. */
  readonly suspend?: SuspensionLimits;
  /** Stands in for the plain scan of past events. */
  readonly search?: HistorySearch;
  /** Asks every decoder and rule one by one, as written: what the indexes are tested against. */
  readonly plain?: boolean;
}

/** One message as it arrived; texts are bytes (latin1). */
export interface EventInput {
  readonly log: string;
  /** Raw: may carry `[001] (web01) any->/var/log/x` (wazuh) or `(web01) any->/var/log/x`. */
  readonly location: string;
  /** Queue character of the originals: `1` local file, `2` remote syslog, `d` inventory, `f` event channel ... */
  readonly queue: string;
  /** Receive time, epoch milliseconds. */
  readonly timeMs: number;
  /** Given instead of the bracketed id of the location. */
  readonly agentId?: string;
  /** Given instead of the name in the location. */
  readonly agentName?: string;
  /** Command alias: separates `check_diff` slots unless strict. */
  readonly alias?: string;
  /** When the command ran, epoch milliseconds: unless strict, a run older than the last is not compared. */
  readonly runTimeMs?: number;
  /** Whether `ossec: ...` lines count as the control messages they look like. */
  readonly trusted: boolean;
}

export interface Engine {
  readonly ruleset: Ruleset;
  readonly state: EngineState;
  evaluate(input: EventInput): Verdict;
  /** Patterns that were suspended or resumed since the last call. */
  takeSuspensions(): readonly SuspensionChange[];
  /** Another engine takes its place: what is suspended is no more. */
  retire(): void;
  /** Watches the decoders and rules that are tried, until called without. */
  trace(tracer: EngineTracer | undefined): void;
}

export type EngineTracer = WalkTracer & Partial<Omit<DecodeTracer, 'onlyAsked'>>;

const MIN_LINE = 2;
const REPEATS = 3;

/**
 * Runs events through one ruleset, in order. Synchronous and without I/O, but for snapshots and lists that read
 * through a store. `state` is fitted to the ruleset here, so this is also how a reload goes on.
 */
export function createEngine(ruleset: Ruleset, state: EngineState, options: EngineOptions): Engine {
  state.rebind(ruleset);
  return new RulesetEngine(ruleset, state, options);
}

class RulesetEngine implements Engine {
  readonly ruleset: Ruleset;
  readonly state: EngineState;
  private readonly options: EngineOptions;
  private readonly limits: LimitLog;
  private readonly program: Program;
  private readonly walk: Walk;
  private readonly accumulator: Accumulator;
  private readonly ossec: boolean;
  private readonly strict: boolean;
  private readonly live: boolean;
  private readonly decodeIndex: DecodeContext['index'] = undefined;
  private decodeTracer: DecodeTracer | undefined = undefined;

  constructor(ruleset: Ruleset, state: EngineState, options: EngineOptions) {
    this.ruleset = ruleset;
    this.state = state;
    this.options = options;
    this.limits = new LimitLog(options.suspend);
    this.ossec = ruleset.dialect === 'ossec';
    this.strict = ruleset.compat === 'strict';
    this.live = options.mode === 'live';
    this.program = programOf(ruleset, options.plain === true);
    const context: ConditionContext = {
      ruleset,
      limits: this.limits,
      localTime: (timeMs) => options.localTime(timeMs),
    };
    const { finder, decoders, childIndexes, links, fields } = this.program;
    const scan = new LogScan(finder);
    const names = new ProgramNames(decoders.withProgram);
    const candidates = new Candidates(scan, names);
    if (!options.plain) {
      this.decodeIndex = {
        roots: new RootDecoders(scan, decoders.withProgram, decoders.withoutProgram, names),
        childIndexes,
        children: new ChildDecoders(scan),
        json: new JsonDecoder(fields, scan),
        scan,
        links,
        starts: new LinkStarts(),
      };
    }
    const search = options.search ?? (options.plain ? createScan : createKeyedSearch)(ruleset.dialect);
    this.walk = new Walk(this.program, state, context, search, candidates);
    this.accumulator = new Accumulator(state.accumulator);
  }

  takeSuspensions(): readonly SuspensionChange[] {
    return this.limits.suspensions.take();
  }

  retire(): void {
    this.limits.suspensions.clear();
  }

  trace(tracer: EngineTracer | undefined): void {
    this.walk.tracer = tracer;
    this.decodeTracer = tracer?.decoded
      ? { decoded: tracer.decoded.bind(tracer), onlyAsked: tracer.onlyAsked === true }
      : undefined;
  }

  evaluate(input: EventInput): Verdict {
    const event = new Event(input.timeMs, this.textOf(input.log), input.location);
    event.alias = input.alias;
    event.runTimeMs = input.runTimeMs;
    if (this.ossec && this.strict && !this.live && input.log.length < MIN_LINE) return drop(event, 'too-short');
    if (!this.readSender(event, input)) {
      return this.ossec ? drop(event, 'bad-location') : { ...drop(event, undefined), error: 'format' };
    }
    this.limits.suspensions.begin(memoryHost(event), event.time);
    const refusal = this.decode(event, input);
    if (refusal !== undefined) return drop(event, 'queue-not-built', refusal);
    event.size = event.log.length;
    this.accumulator.apply(event);
    const dropped = this.live ? this.dropLive(event) : undefined;
    if (dropped) return { ...drop(event, dropped), tripped: this.limits.take() };
    return this.decide(event);
  }

  /** A C text ends at a zero byte; unless strict, what follows one cannot hide. */
  private textOf(log: string): string {
    const zero = this.strict ? log.indexOf('\0') : -1;
    const text = zero < 0 ? log : log.slice(0, zero);
    if (!this.ossec) return text;
    // OSSEC deletes control characters; a line end is kept unless strict, or command output could not be read.
    return text.replace(this.strict ? /[\x00-\x1f\x7f]/g : /[\x00-\x09\x0b-\x1f\x7f]/g, '');
  }

  private readSender(event: Event, input: EventInput): boolean {
    predecodeQueue(event, input.queue, this.ruleset.dialect);
    if (!readLocation(event, this.ruleset.dialect)) return false;
    if (input.agentId !== undefined) event.agentId = input.agentId;
    // OSSEC's hostname of an agent is its whole location.
    if (input.agentName !== undefined && !(this.ossec && event.hostnameKnown && event.location.startsWith('('))) {
      event.hostname = input.agentName;
      event.hostnameKnown = true;
    }
    if (!event.hostnameKnown) event.hostname = this.options.hostname;
    return true;
  }

  /** The name of a decoder that is missing; undefined where all went well. */
  private decode(event: Event, input: EventInput): string | undefined {
    const { ruleset } = this;
    if (isLogQueue(input.queue)) {
      // Anybody can write "ossec: ..." into a file: without trust it is a line like any other (strict: as the original).
      decodeEvent(event, this.decodeContext(), !input.trusted && !this.strict);
      return undefined;
    }
    return decodeQueue(event, input.queue, ruleset);
  }

  private decodeContext(): DecodeContext {
    return { ruleset: this.ruleset, limits: this.limits, index: this.decodeIndex, tracer: this.decodeTracer };
  }

  private dropLive(event: Event): DropReason | undefined {
    if (event.category === 'firewall') {
      if (isIncompleteFirewall(event)) return 'firewall-incomplete';
      if (this.ossec) rewriteFirewallAction(event);
    } else if (this.ossec && this.strict && event.category === 'syslog') {
      // Two equal lines are two events; only strict forgets the second as the daemon does.
      const { lastLogs } = this.state;
      if (lastLogs.includes(event.fullLog)) return 'repeated';
      lastLogs.unshift(event.fullLog);
      lastLogs.length = Math.min(lastLogs.length, REPEATS);
    }
    return undefined;
  }

  private decide(event: Event): Verdict {
    let node: RuleNode | undefined;
    let parent: RuleNode | undefined;
    this.walk.begin();
    if (event.category === 'ossec-alert') {
      node = event.forwardedRule === undefined ? undefined : this.program.byId.get(event.forwardedRule);
      // A session names the rule and leaves it at that.
      if (node && !this.live) return this.conclude(event, node, this.firedOf(node.rule), 'forwarded');
    } else {
      const winner = this.walk.find(event);
      node = winner?.node;
      parent = winner?.parent;
    }
    const firedtimes = node ? this.countFiring(node.rule, event) : 0;
    const silenced = node ? this.silence(node.rule, event) : undefined;
    if (silenced === 'check_if_ignored') node = undefined;
    else if (silenced === 'ignore' && this.live && !this.ossec) {
      // The parent stands in, as it is: neither its level nor its own window is asked.
      return this.conclude(event, parent, parent ? this.firedOf(parent.rule) : 0, undefined, true);
    }
    return this.conclude(event, node, firedtimes, silenced);
  }

  private countFiring(rule: Rule, event: Event): number {
    if (event.category === 'ossec-alert') return this.firedOf(rule);
    return this.state.counters.fire(rule.id);
  }

  private firedOf(rule: Rule): number {
    return this.state.counters.fired(rule.id);
  }

  /** The `ignore` attribute's window, then `check_if_ignored`; also stores what the `ignore` element says. */
  private silence(rule: Rule, event: Event): SilencedBy | undefined {
    if (rule.level === 0) return undefined;
    // A session clears the window, so that the next event starts another and alerts too.
    if (rule.ignoreSeconds > 0 && !this.state.counters.enterWindow(rule, event.time, this.live)) return 'ignore';
    // Wazuh compares a line with its own newline and never finds one: the element is dead there, and stays so, since
    // it would silence for good what the original reports.
    if (!this.ossec) return undefined;
    const { ignored } = this.state;
    if (rule.checkIfIgnored && ignored.has(checkedEntry(event, rule, rule.checkIfIgnored))) return 'check_if_ignored';
    if (rule.ignore && this.live) ignored.add(ignoreEntry(event, rule.ignore), memoryHost(event));
    return undefined;
  }

  private conclude(
    event: Event,
    node: RuleNode | undefined,
    firedtimes: number,
    silenced: SilencedBy | undefined,
    standsIn = false,
  ): Verdict {
    const rule = node?.rule;
    const counts = rule !== undefined && (rule.level > 0 || standsIn) && silenced === undefined;
    if (counts) {
      event.ruleId = rule.id;
      this.state.history.add(event, node!.lists);
    }
    const logged = counts && rule.options.log;
    const announced = counts && rule.level >= this.ruleset.settings.alertLevel;
    return {
      event,
      error: undefined,
      dropped: undefined,
      detail: undefined,
      rule,
      description: rule ? this.describe(rule, event) : '',
      firedtimes,
      alert: this.live || this.ossec ? logged : announced,
      logged,
      silenced,
      baselines: this.walk.baselines,
      tooLarge: this.walk.tooLarge,
      stale: this.walk.stale,
      tripped: this.limits.take(),
    };
  }

  private describe(rule: Rule, event: Event): string {
    return this.ossec ? rule.description.raw : describe(rule.description, event);
  }
}

/** Queues whose messages the XML decoders take. */
function isLogQueue(queue: string): boolean {
  return queue === '1' || queue === '2' || queue === '' || queue === '4';
}

function predecodeQueue(event: Event, queue: string, dialect: Ruleset['dialect']): void {
  if (isLogQueue(queue)) predecodeLog(event, dialect);
}

function drop(event: Event, dropped: DropReason | undefined, detail?: string): Verdict {
  return {
    event,
    error: undefined,
    dropped,
    detail,
    rule: undefined,
    description: '',
    firedtimes: 0,
    alert: false,
    logged: false,
    silenced: undefined,
    baselines: [],
    tooLarge: [],
    stale: [],
    tripped: [],
  };
}
