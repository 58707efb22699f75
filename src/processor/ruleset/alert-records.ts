import type { Alert, AlertRule } from '../../pdata/alert.ts';
import type { AnyValue } from '../../pdata/any-value.ts';
import { createLogRecord, type LogRecord, type Resource } from '../../pdata/logs.ts';
import { SharedAttributes } from '../../pdata/parted-record.ts';
import type { Severity } from '../../pdata/severity.ts';
import { AlertRecord, type RulePart, visitPlace } from './alert/alert-record.ts';
import { buildAlert } from './alert/build.ts';
import { boundFields, countAttributes } from './alert/fields.ts';
import { MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES } from './alert/limits.ts';
import { alertAttributes, createAlertRecord } from './alert/record.ts';
import { textsOf } from './alert/rule-texts.ts';
import type { Rule, Ruleset } from './compile/ruleset.ts';
import type { Verdict } from './evaluate/verdict.ts';
import type { HostIdentity } from './identity.ts';

/** Room for the mark of a cut, as in `limitAttributes`. */
const RESERVED_ATTRIBUTES = 1;
const RESERVED_BYTES = 64;
/** What an event has besides its fields: uid, file, firings, decoder, location, agent. */
const EVENT_ATTRIBUTES = 7;
const EVENT_BYTES = 512;
/** A shorter text is surely not cut: a UTF-16 unit takes three bytes at most. */
const SHORT_TEXT = 1024;
/** What a character may become in JSON, `\u0000`, and what stands around it. */
const JSON_BYTES = 6;

/** What attributes take at most; counting exactly would look at every byte of every alert. */
interface Size {
  readonly count: number;
  readonly bytes: number;
}

type MeasuredPart = RulePart & Size;

const NOTHING = createLogRecord();

/** Who an alert is about, and what its record hangs on. */
export interface AlertSubject {
  readonly host: HostIdentity;
  readonly alertResource: Resource;
}

/**
 * Makes the records of alerts. Two thirds of an alert's attributes say what its rule is: they are made once. The rest is
 * made when it is asked for. Records say what those of `createAlertRecord` say, which also makes them where something
 * might have to be cut, or a difference has to be told.
 */
export class AlertRecords {
  readonly #severityOf: (level: number) => Severity;
  readonly #parts = new WeakMap<Rule, MeasuredPart>();
  readonly #resources = new WeakMap<Resource, Size>();
  readonly #places = new Places();

  constructor(severityOf: (level: number) => Severity) {
    this.#severityOf = severityOf;
  }

  /** `verdict` has a rule. */
  create(
    verdict: Verdict & { rule: Rule },
    ruleset: Ruleset,
    source: LogRecord,
    subject: AlertSubject,
    usedFields: ReadonlySet<string>,
  ): { record: LogRecord; attributesCut: number } {
    const part = this.#partOf(verdict.rule, ruleset);
    if (verdict.event.previousLog === undefined && this.#fits(part, verdict, source, subject)) {
      const near = this.#places.at(verdict.event.location, source, subject.host);
      return { record: new AlertRecord(part, verdict, source, subject.host, near), attributesCut: 0 };
    }
    const alert = buildAlert(verdict, ruleset, subject.host, source.identity) as Alert & { rule: AlertRule };
    return createAlertRecord(alert, source, subject.alertResource, usedFields, this.#severityOf);
  }

  #fits(part: Size, { event }: Verdict, source: LogRecord, { host, alertResource }: AlertSubject): boolean {
    const resource = this.#sizeOfResource(alertResource);
    const path = source.attributes.get('log.file.path') ?? '';
    if (typeof path !== 'string') return false;
    const { location, decoderName = '' } = event;
    const { name, shownAgentId } = host;
    const longest = Math.max(path.length, location.length, decoderName.length, name.length, shownAgentId.length);
    if (longest > SHORT_TEXT) return false;
    const count = EVENT_ATTRIBUTES + countAttributes(event);
    if (count + part.count + resource.count + RESERVED_ATTRIBUTES > MAX_ATTRIBUTES) return false;
    const bytes = boundFields(event, SHORT_TEXT) + EVENT_BYTES + 3 * 5 * longest;
    return bytes + part.bytes + resource.bytes + RESERVED_BYTES <= MAX_ATTRIBUTE_BYTES;
  }

  #partOf(rule: Rule, ruleset: Ruleset): MeasuredPart {
    const known = this.#parts.get(rule);
    if (known?.ruleset === ruleset) return known;
    const texts = textsOf(rule);
    const bare: Alert & { rule: AlertRule } = {
      time: 0,
      uid: '',
      agent: { id: '', name: '' },
      hostname: '',
      location: '',
      fullLog: '',
      predecoder: {},
      data: [],
      previousOutput: [],
      rule: { ...texts, description: '' },
    };
    const entries = alertAttributes(bare, NOTHING);
    const part = {
      rule,
      ruleset,
      severity: this.#severityOf(rule.level),
      shared: new SharedAttributes(entries),
      ...sizeOf(entries),
    };
    this.#parts.set(rule, part);
    return part;
  }

  #sizeOfResource(resource: Resource): Size {
    let size = this.#resources.get(resource);
    if (!size) {
      size = sizeOf(resource.attributes);
      this.#resources.set(resource, size);
    }
    return size;
  }
}

/** Alerts in a row from one place before it pays to make its part once for all that follow. */
const NEIGHBOURS = 4;

/** Where the last alerts happened: of records that come together, mostly the same host and file. */
class Places {
  #location = '';
  #path: AnyValue | undefined = undefined;
  #host: HostIdentity | undefined = undefined;
  #alerts = 0;
  #part: SharedAttributes | undefined = undefined;

  /** What the alert shares with those around it; undefined where it is one of few. */
  at(location: string, source: LogRecord, host: HostIdentity): SharedAttributes | undefined {
    const path = source.attributes.get('log.file.path');
    if (host !== this.#host || location !== this.#location || path !== this.#path) {
      this.#host = host;
      this.#location = location;
      this.#path = path;
      this.#alerts = 0;
      this.#part = undefined;
    }
    if (++this.#alerts < NEIGHBOURS) return undefined;
    this.#part ??= makePart(location, source, host);
    return this.#part;
  }
}

function makePart(location: string, source: LogRecord, host: HostIdentity): SharedAttributes {
  const entries = new Map<string, AnyValue>();
  visitPlace(location, source, host, (value, name) => {
    entries.set(name, value);
  });
  return new SharedAttributes(entries);
}

/** An upper bound; infinite where something may be too long by itself, or is nested and counts as several. */
function sizeOf(attributes: ReadonlyMap<string, AnyValue>): Size {
  let bytes = 0;
  attributes.forEach((value, name) => {
    bytes += name.length * 3 + bytesOf(value);
  });
  return { count: attributes.size, bytes };
}

function bytesOf(value: AnyValue): number {
  if (typeof value === 'string') return value.length <= SHORT_TEXT ? value.length * 3 : Number.POSITIVE_INFINITY;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return 32;
  if (!Array.isArray(value)) return Number.POSITIVE_INFINITY;
  let bytes = 2;
  for (const item of value) {
    bytes += typeof item === 'string' ? item.length * JSON_BYTES + 3 : Number.POSITIVE_INFINITY;
  }
  return bytes;
}
