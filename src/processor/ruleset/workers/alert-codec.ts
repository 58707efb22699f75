import type { Alert, AlertRule } from '../../../pdata/alert.ts';
import type { Attributes } from '../../../pdata/any-value.ts';
import type { LogRecord } from '../../../pdata/logs.ts';
import {
  type ListedAttributes,
  PartedRecord,
  type SharedAttributes,
  SplitRecord,
} from '../../../pdata/split-record.ts';
import { LazyAlert } from './lazy-alert.ts';
import { readTrace, writeTrace } from './record-codec.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** What is the same in all alerts of a rule. */
type RuleFacts = Omit<AlertRule, 'description' | 'firedtimes'>;

/** Writes alerts; what all alerts of one rule have in common goes once. For one channel, like its writer. */
export class AlertWriter {
  readonly #writer: WireWriter;
  readonly #rules = new Set<string>();
  readonly #shared = new Map<SharedAttributes, number>();

  constructor(writer: WireWriter) {
    this.#writer = writer;
  }

  /** To be called with the writer's own. */
  reset(): void {
    this.#rules.clear();
    this.#shared.clear();
  }

  /** The decision in full, and the record that leaves where there is one. */
  write(alert: Alert, record: LogRecord | undefined): void {
    const writer = this.#writer;
    const { rule } = alert;
    writer.flag(rule !== undefined);
    if (rule) this.#writeFacts(rule);
    writer.flag(record !== undefined);
    if (record) this.#writeRecord(record);
    writer.sized(() => writeAlert(writer, alert));
  }

  #writeRecord(record: LogRecord): void {
    const writer = this.#writer;
    writer.long(record.timeUnixNano);
    writer.long(record.observedTimeUnixNano);
    writer.count(record.severityNumber);
    writer.word(record.severityText);
    writer.word(record.eventName);
    writer.value(record.body);
    const split = record instanceof PartedRecord ? record.split : undefined;
    writer.flag(split !== undefined);
    if (split) this.#writeShared(split.shared);
    writer.attributes(split ? listed(split.own) : record.attributes, isWord);
    writer.text(record.identity);
    writeTrace(writer, record);
  }

  #writeShared(shared: SharedAttributes): void {
    const known = this.#shared.get(shared);
    this.#writer.count(known ?? this.#shared.size);
    if (known !== undefined) return;
    this.#shared.set(shared, this.#shared.size);
    this.#writer.attributes(shared.entries);
  }

  #writeFacts(rule: AlertRule): void {
    const writer = this.#writer;
    writer.word(rule.id);
    const isKnown = this.#rules.has(rule.id);
    writer.flag(isKnown);
    if (isKnown) return;
    this.#rules.add(rule.id);
    const { description: _description, firedtimes: _firedtimes, compliance, ...facts } = rule;
    writer.text(JSON.stringify({ ...facts, compliance: [...compliance] }));
  }
}

export class AlertReader {
  readonly #reader: WireReader;
  readonly #rules = new Map<string, RuleFacts>();
  #shared: SharedAttributes[] = [];

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  /** To be called where the writer began anew. */
  reset(): void {
    this.#rules.clear();
    this.#shared = [];
  }

  read(): { alert: LazyAlert; record: LogRecord | undefined } {
    const reader = this.#reader;
    const facts = reader.flag() ? this.#readFacts() : undefined;
    const finish = reader.flag() ? this.#readRecord() : undefined;
    const body = reader.sized();
    const alert = new LazyAlert(() => readAlert(body, facts));
    return { alert, record: finish?.(alert) };
  }

  /** The decision stands behind the record. */
  #readRecord(): (alert: Alert) => LogRecord {
    const reader = this.#reader;
    const fields = {
      timeUnixNano: reader.long(),
      observedTimeUnixNano: reader.long(),
      severityNumber: reader.count(),
      severityText: reader.word(),
      eventName: reader.word(),
      body: reader.value(),
    };
    const shared = reader.flag() ? this.#readShared() : undefined;
    const own = reader.attributes();
    const identity = reader.text();
    const rest = { identity, ...readTrace(reader), droppedAttributesCount: 0 };
    return (alert) =>
      shared
        ? new SplitRecord({ ...fields, ...rest, alert }, { shared, own })
        : { ...fields, attributes: own, ...rest, alert };
  }

  #readShared(): SharedAttributes {
    const number = this.#reader.count();
    const known = this.#shared[number];
    if (known) return known;
    const shared = { entries: this.#reader.attributes() };
    this.#shared[number] = shared;
    return shared;
  }

  #readFacts(): RuleFacts {
    const reader = this.#reader;
    const id = reader.word();
    const known = this.#rules.get(id);
    if (reader.flag()) {
      if (!known) throw new RangeError(`nobody told about rule ${id}`);
      return known;
    }
    const { compliance, ...rest } = JSON.parse(reader.text());
    const facts = { ...rest, compliance: new Map(compliance) } as RuleFacts;
    this.#rules.set(id, facts);
    return facts;
  }
}

function listed(own: ListedAttributes): Attributes {
  const attributes: Attributes = new Map();
  own.forEach((value, name) => {
    attributes.set(name, value);
  });
  return attributes;
}

/** Values that one decoder or host always has. */
function isWord(name: string): boolean {
  return WORDS.has(name);
}

const WORDS: ReadonlySet<string> = new Set([
  'hids.decoder.name',
  'hids.location',
  'hids.agent.id',
  'hids.agent.name',
  'log.file.path',
]);

/** Texts only, no words: it may be read late, or never. */
function writeAlert(writer: WireWriter, alert: Alert): void {
  const { rule, predecoder, decoder, agent } = alert;
  writer.number(alert.time);
  writer.text(alert.uid);
  if (rule) {
    writer.text(rule.description);
    writer.flag(rule.firedtimes !== undefined);
    writer.count(rule.firedtimes ?? 0);
  }
  writer.text(agent.id);
  writer.text(agent.name);
  writer.optionalText(agent.ip);
  writer.text(alert.hostname);
  writer.text(alert.location);
  writer.text(alert.fullLog);
  writer.optionalText(predecoder.programName);
  writer.optionalText(predecoder.timestamp);
  writer.optionalText(predecoder.hostname);
  writer.flag(decoder !== undefined);
  if (decoder) {
    writer.text(decoder.name);
    writer.optionalText(decoder.parent);
    writer.optionalText(decoder.ftsComment);
    writer.flag(decoder.accumulate === true);
  }
  writer.count(alert.data.length);
  for (const [name, value] of alert.data) {
    writer.text(name);
    writer.text(value);
  }
  writer.count(alert.previousOutput.length);
  for (const line of alert.previousOutput) writer.text(line);
  writer.optionalText(alert.previousLog);
  writer.optionalText(alert.delta);
}

function readAlert(reader: WireReader, facts: RuleFacts | undefined): Alert {
  const time = reader.number();
  const uid = reader.text();
  const rule = facts && readRule(reader, facts);
  const agent = { id: reader.text(), name: reader.text(), ip: reader.optionalText() };
  if (agent.ip === undefined) delete agent.ip;
  const hostname = reader.text();
  const location = reader.text();
  const fullLog = reader.text();
  const predecoder = {
    programName: reader.optionalText(),
    timestamp: reader.optionalText(),
    hostname: reader.optionalText(),
  };
  const decoder = reader.flag() ? readDecoder(reader) : undefined;
  const data = Array.from({ length: reader.count() }, () => [reader.text(), reader.text()] as const);
  const previousOutput = Array.from({ length: reader.count() }, () => reader.text());
  const previousLog = reader.optionalText();
  const delta = reader.optionalText();
  return {
    time,
    uid,
    agent,
    hostname,
    location,
    fullLog,
    predecoder,
    data,
    previousOutput,
    ...(rule && { rule }),
    ...(decoder && { decoder }),
    ...(previousLog !== undefined && { previousLog, delta }),
  };
}

function readRule(reader: WireReader, facts: RuleFacts): AlertRule {
  const description = reader.text();
  const isCounted = reader.flag();
  const firedtimes = reader.count();
  return { ...facts, description, firedtimes: isCounted ? firedtimes : undefined };
}

function readDecoder(reader: WireReader): Alert['decoder'] {
  const name = reader.text();
  const parent = reader.optionalText();
  const ftsComment = reader.optionalText();
  return { name, parent, ftsComment, ...(reader.flag() && { accumulate: true }) };
}
