import { decodeLogRecord } from '../../../otlp/decode.ts';
import { RecordEncoder } from '../../../otlp/encode.ts';
import type { Alert, AlertRule } from '../../../pdata/alert.ts';
import { EncodedRecord } from '../../../pdata/encoded-record.ts';
import type { LogRecord } from '../../../pdata/logs.ts';
import { LazyAlert } from './lazy-alert.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** What is the same in all alerts of a rule. */
type RuleFacts = Omit<AlertRule, 'description' | 'firedtimes'>;

/** Writes alerts; what the decisions about one rule have in common goes once. For one channel, like its writer. */
export class AlertWriter {
  readonly #writer: WireWriter;
  readonly #encoder = new RecordEncoder();
  readonly #rules = new Set<string>();

  constructor(writer: WireWriter) {
    this.#writer = writer;
  }

  /** To be called with the writer's own. */
  reset(): void {
    this.#rules.clear();
  }

  /** The record that leaves, where there is one, and the decision in full, where somebody wants it. */
  write(record: LogRecord | undefined, alert: Alert | undefined): void {
    const writer = this.#writer;
    writer.flag(record !== undefined);
    if (record) {
      writer.long(record.timeUnixNano);
      writer.bytes(this.#encoder.encode(record));
    }
    writer.flag(alert !== undefined);
    if (!alert) return;
    const { rule } = alert;
    writer.flag(rule !== undefined);
    if (rule) this.#writeFacts(rule);
    writer.sized(() => writeAlert(writer, alert));
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

const DECODER = { decode: decodeLogRecord };

export class AlertReader {
  readonly #reader: WireReader;
  readonly #rules = new Map<string, RuleFacts>();

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  /** To be called where the writer began anew. */
  reset(): void {
    this.#rules.clear();
  }

  read(): { alert: LazyAlert | undefined; record: LogRecord | undefined } {
    const reader = this.#reader;
    const isRecord = reader.flag();
    const time = isRecord ? reader.long() : 0n;
    const bytes = isRecord ? reader.bytes() : undefined;
    const alert = reader.flag() ? this.#readAlert() : undefined;
    return { alert, record: bytes && new EncodedRecord(bytes, time, DECODER, alert) };
  }

  #readAlert(): LazyAlert {
    const reader = this.#reader;
    const facts = reader.flag() ? this.#readFacts() : undefined;
    const body = reader.sized();
    return new LazyAlert(() => readAlert(body, facts));
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
