import type { Alert, AlertRule } from '../../pdata/alert.ts';
import type { AnyValue } from '../../pdata/any-value.ts';
import { createLogRecord, type LogRecord, type Resource } from '../../pdata/logs.ts';
import type { Severity } from '../../pdata/severity.ts';
import { type SharedAttributes, SplitRecord } from '../../pdata/split-record.ts';
import { MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES } from './alert/limits.ts';
import { alertAttributes, createAlertRecord } from './alert/record.ts';
import type { Rule } from './compile/ruleset.ts';

/** Room for the mark of a cut, as in `limitAttributes`. */
const RESERVED_ATTRIBUTES = 1;
const RESERVED_BYTES = 64;
/** A shorter text is surely not cut: a UTF-16 unit takes three bytes at most. */
const SHORT_TEXT = 1024;
/** What a character may become in JSON, `\u0000`, and what stands around it. */
const JSON_BYTES = 6;

/** What attributes take at most; counting exactly would look at every byte of every alert. */
interface Size {
  count: number;
  bytes: number;
}

interface RulePart extends Size {
  readonly shared: SharedAttributes;
  /** The rule without what is shared: what goes into the record of each event. */
  readonly bare: AlertRule;
}

const NOTHING = createLogRecord();
const NO_RESOURCE: Resource = { attributes: new Map() };
/** A rule without the parts that all its alerts have in common. */
const BARE_RULE: AlertRule = {
  id: '',
  level: 0,
  description: '',
  rawDescription: '',
  groupText: '',
  groups: [],
  compliance: new Map(),
  mail: false,
  file: '',
  noFullLog: false,
};
/** Always there, so it goes with the event. */
const LEVEL = 'hids.rule.level';

/**
 * Makes the records of alerts. Two thirds of an alert's attributes say what its rule is: they are made once, and records
 * share them until somebody asks for the whole map. The attributes are those of `createAlertRecord`, which also makes
 * the record where something might have to be cut.
 */
export class AlertRecords {
  readonly #severityOf: (level: number) => Severity;
  readonly #parts = new WeakMap<Rule, RulePart>();
  readonly #resources = new WeakMap<Resource, Size>();

  constructor(severityOf: (level: number) => Severity) {
    this.#severityOf = severityOf;
  }

  create(
    alert: Alert & { rule: AlertRule },
    rule: Rule,
    source: LogRecord,
    resource: Resource,
    usedFields: ReadonlySet<string>,
  ): { record: LogRecord; attributesCut: number } {
    const part = this.#partOf(rule, alert.rule);
    // Nobody but the maker of the record sees the alert with the bare rule; a copy of it would be garbage at once.
    const whole = alert.rule;
    alert.rule = bareRule(part.bare, whole);
    const { record } = createAlertRecord(alert, source, NO_RESOURCE, usedFields, this.#severityOf);
    alert.rule = whole;
    const own = record.attributes;
    if (!fits(sizeOf(own), part, this.#sizeOfResource(resource))) {
      return createAlertRecord(alert, source, resource, usedFields, this.#severityOf);
    }
    return { record: new SplitRecord(record, { shared: part.shared, own }), attributesCut: 0 };
  }

  #partOf(rule: Rule, described: AlertRule): RulePart {
    const known = this.#parts.get(rule);
    if (known) return known;
    const { firedtimes: _firedtimes, ...constant } = described;
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
      rule: constant,
    };
    const entries = alertAttributes(bare, NOTHING);
    entries.delete(LEVEL);
    const bareOfRule = { ...BARE_RULE, level: described.level, groups: [] };
    const part = { shared: { entries }, bare: bareOfRule, ...sizeOf(entries) };
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

/** The same object for all events of a rule. */
function bareRule(bare: AlertRule, { description, firedtimes }: AlertRule): AlertRule {
  bare.description = description;
  if (firedtimes !== undefined) bare.firedtimes = firedtimes;
  else if (bare.firedtimes !== undefined) delete bare.firedtimes;
  return bare;
}

function fits(...sizes: readonly Size[]): boolean {
  let count = RESERVED_ATTRIBUTES;
  let bytes = RESERVED_BYTES;
  for (const size of sizes) {
    count += size.count;
    bytes += size.bytes;
  }
  return count <= MAX_ATTRIBUTES && bytes <= MAX_ATTRIBUTE_BYTES;
}

/** An upper bound; infinite where something may be too long by itself, or is nested and counts as several. */
function sizeOf(attributes: ReadonlyMap<string, AnyValue>): Size {
  sum = 0;
  attributes.forEach(addBytes);
  return { count: attributes.size, bytes: sum };
}

/** Of the map that is being measured; a function that is made anew, or an iterator, costs more than the sum. */
let sum = 0;

function addBytes(value: AnyValue, name: string): void {
  sum += name.length * 3 + bytesOf(value);
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
