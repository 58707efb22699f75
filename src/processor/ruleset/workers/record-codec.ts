import { createLogRecord, type LogRecord, type Resource } from '../../../pdata/logs.ts';
import type { HostIdentity } from '../identity.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** What stands next in a message to a worker. */
export const Item = {
  end: 0,
  source: 1,
  record: 2,
  /** A record of ours about what happened: alerts about it leave beside the records. */
  health: 3,
} as const;

export type RecordItem = typeof Item.record | typeof Item.health;

/** Where the records that follow come from. */
export interface SentSource {
  readonly host: HostIdentity;
  readonly resource: Resource;
  readonly trusted: boolean;
}

const ALL = () => true;

export function writeSource(writer: WireWriter, { host, resource, trusted }: SentSource): void {
  writer.byte(Item.source);
  writer.word(host.agentId);
  writer.word(host.shownAgentId);
  writer.word(host.name);
  writer.word(host.key);
  writer.flag(host.local);
  writer.flag(host.missing);
  writer.flag(trusted);
  writer.attributes(resource.attributes, ALL);
}

export function readSource(reader: WireReader): SentSource {
  const host = {
    agentId: reader.word(),
    shownAgentId: reader.word(),
    name: reader.word(),
    key: reader.word(),
    local: reader.flag(),
    missing: reader.flag(),
  };
  const trusted = reader.flag();
  return { host, trusted, resource: { attributes: reader.attributes() } };
}

/** Few of them, on most records: their values are the same from record to record. */
const isWord = (name: string): boolean =>
  name === 'log.file.path' || name === 'log.file.name' || name === 'hids.location' || name === 'hids.queue';

/** Without what evaluation does not look at: severity, event name and the count of dropped attributes. */
export function writeRecord(writer: WireWriter, item: RecordItem, order: number, record: LogRecord): void {
  writer.byte(item);
  writer.count(order);
  writer.long(record.timeUnixNano);
  writer.long(record.observedTimeUnixNano);
  writer.value(record.body);
  writer.attributes(record.attributes, isWord);
  writer.text(record.identity);
  writeTrace(writer, record);
}

export function readRecord(reader: WireReader): { order: number; record: LogRecord } {
  const order = reader.count();
  const record = createLogRecord({
    timeUnixNano: reader.long(),
    observedTimeUnixNano: reader.long(),
    body: reader.value(),
    attributes: reader.attributes(),
    identity: reader.text(),
  });
  return { order, record: Object.assign(record, readTrace(reader)) };
}

type Trace = Pick<LogRecord, 'traceId' | 'spanId' | 'flags'>;

/** Few records have one. */
function writeTrace(writer: WireWriter, { traceId, spanId, flags }: Trace): void {
  const isTraced = traceId !== '' || spanId !== '' || flags !== 0;
  writer.flag(isTraced);
  if (!isTraced) return;
  writer.text(traceId);
  writer.text(spanId);
  writer.count(flags);
}

function readTrace(reader: WireReader): Trace {
  if (!reader.flag()) return { traceId: '', spanId: '', flags: 0 };
  return { traceId: reader.text(), spanId: reader.text(), flags: reader.count() };
}
