import type { Alert, AlertRule } from '../../../pdata/alert.ts';
import type { AnyValue } from '../../../pdata/any-value.ts';
import type { LogRecord } from '../../../pdata/logs.ts';
import {
  type ListedAttributes,
  PartedRecord,
  type SharedAttributes,
  type SplitAttributes,
} from '../../../pdata/parted-record.ts';
import type { Severity } from '../../../pdata/severity.ts';
import { bytesToText } from '../bytes.ts';
import type { Rule, Ruleset } from '../compile/ruleset.ts';
import type { Verdict } from '../evaluate/verdict.ts';
import type { HostIdentity } from '../identity.ts';
import { formatBody } from './body.ts';
import { buildAlert } from './build.ts';
import { visitFields } from './fields.ts';
import { alertUid, distinctTime } from './uid.ts';

export const ALERT_EVENT_NAME = 'hids.alert';

/** What all alerts of a rule have in common. */
export interface RulePart {
  readonly rule: Rule;
  readonly ruleset: Ruleset;
  readonly severity: Severity;
  readonly shared: SharedAttributes;
}

type Visit = (value: AnyValue, name: string) => void;

/**
 * An alert on its way out, made when somebody asks: most are only ever encoded, and then neither the decision in full nor
 * a map of attributes is needed. It says what `createAlertRecord` would; what may have to be cut is none of these.
 */
export class AlertRecord extends PartedRecord implements ListedAttributes, SplitAttributes {
  readonly #part: RulePart;
  readonly #verdict: Verdict;
  readonly #source: LogRecord;
  readonly #host: HostIdentity;
  /** Where it happened, where neighbours happened there, too: all that `visitPlace` lists. */
  readonly near: SharedAttributes | undefined;
  #uid = '';
  #time: bigint | undefined = undefined;
  #alert: (Alert & { rule: AlertRule }) | undefined = undefined;

  constructor(part: RulePart, verdict: Verdict, source: LogRecord, host: HostIdentity, near?: SharedAttributes) {
    super();
    this.#part = part;
    this.#verdict = verdict;
    this.#source = source;
    this.#host = host;
    this.near = near;
  }

  get identity(): string {
    if (this.#uid === '') {
      const { rule, ruleset } = this.#part;
      this.#uid = alertUid(this.#source.identity, rule.id, ruleset.fingerprint);
    }
    return this.#uid;
  }

  get timeUnixNano(): bigint {
    if (this.#time === undefined) {
      const { timeUnixNano, observedTimeUnixNano } = this.#source;
      this.#time = distinctTime(timeUnixNano || observedTimeUnixNano || this.observedTimeUnixNano, this.identity);
    }
    return this.#time;
  }

  get observedTimeUnixNano(): bigint {
    return nanosOf(this.#verdict.event.timeMs);
  }

  get severityNumber(): number {
    return this.#part.severity.number;
  }

  get severityText(): string {
    return this.#part.severity.text;
  }

  get eventName(): string {
    return ALERT_EVENT_NAME;
  }

  get body(): string {
    const { description, event } = this.#verdict;
    return formatBody({
      rule: { description: bytesToText(description) },
      fullLog: bytesToText(event.fullLog),
      previousOutput: event.previous.length === 0 ? event.previous : event.previous.map(bytesToText),
    });
  }

  get traceId(): string {
    return this.#source.traceId;
  }

  get spanId(): string {
    return this.#source.spanId;
  }

  get flags(): number {
    return this.#source.flags;
  }

  get droppedAttributesCount(): number {
    return 0;
  }

  /** The decision in full. */
  get alert(): Alert & { rule: AlertRule } {
    this.#alert ??= buildAlert(this.#verdict, this.#part.ruleset, this.#host, this.#source.identity) as Alert & {
      rule: AlertRule;
    };
    return this.#alert;
  }

  protected parts(): SplitAttributes {
    return this;
  }

  get shared(): SharedAttributes {
    return this.#part.shared;
  }

  get own(): ListedAttributes {
    return this;
  }

  /** Lists what the event says; what the rule says is shared. */
  forEach(visit: Visit): void {
    const { event, firedtimes } = this.#verdict;
    const { rule, ruleset } = this.#part;
    visit(this.identity, 'log.record.uid');
    if (!rule.options.noCounter) visit(firedtimes, 'hids.rule.firedtimes');
    if (event.decoderName !== undefined) visitText(event.decoderName, 'hids.decoder.name', visit);
    if (this.near === undefined) visitPlace(event.location, this.#source, this.#host, visit);
    visitFields(event, ruleset.dialect, visit);
  }
}

/** Where an event happened, as attributes. */
export function visitPlace(location: string, { attributes }: LogRecord, host: HostIdentity, visit: Visit): void {
  const path = attributes.get('log.file.path');
  if (path !== undefined && path !== '') visit(path, 'log.file.path');
  visitText(location, 'hids.location', visit);
  if (host.shownAgentId !== '') visit(host.shownAgentId, 'hids.agent.id');
  if (host.name !== '') visit(host.name, 'hids.agent.name');
}

function visitText(bytes: string, name: string, visit: Visit): void {
  if (bytes !== '') visit(bytesToText(bytes), name);
}

let lastMs = 0;
let lastNanos = 0n;

/** Of a time in milliseconds; many alerts have the same. */
function nanosOf(timeMs: number): bigint {
  if (timeMs !== lastMs) {
    lastNanos = BigInt(timeMs) * 1_000_000n;
    lastMs = timeMs;
  }
  return lastNanos;
}
