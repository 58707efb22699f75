import type { AnyValue } from '../pdata/any-value.ts';
import { EncodedRecord } from '../pdata/encoded-record.ts';
import type { LogBatch, LogRecord, Resource, Scope, ScopeLogs } from '../pdata/logs.ts';
import { PartedRecord, type SharedAttributes } from '../pdata/parted-record.ts';
import { WireWriter } from './wire-writer.ts';

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** Tags of OTLP's messages: field number times 8 plus wire type. */
const tag = (field: number, wireType: 0 | 1 | 2 | 5): number => field * 8 + wireType;

/**
 * An `ExportLogsServiceRequest`. Neighbouring groups that share one resource object become one `ResourceLogs`.
 * `identity`, `trusted` and `alert` stay here. Whole numbers are written as int64, other numbers as double,
 * bigints beyond 64 bits as text. The bytes have memory of their own; `room` is how many are left free in front of them.
 */
export function encodeLogsRequest(batch: LogBatch, room = 0): Uint8Array {
  const writer = new WireWriter();
  forgetEntries();
  for (let last = batch.logs.length - 1; last >= 0; ) {
    const { resource } = batch.logs[last];
    const before = writer.size;
    for (; last >= 0 && batch.logs[last].resource === resource; last--) writeScopeLogs(writer, batch.logs[last]);
    writeResource(writer, resource);
    writer.close(tag(1, 2), before);
  }
  forgetEntries();
  return writer.finish(room);
}

/** Encodes records one by one, for `EncodedRecord`. */
export class RecordEncoder {
  readonly #writer = new WireWriter();

  /** The record as field 2 of `ScopeLogs`; the bytes are good until the next call. */
  encode(record: LogRecord): Uint8Array {
    forgetEntries();
    this.#writer.rewind();
    writeRecord(this.#writer, record);
    forgetEntries();
    return this.#writer.written();
  }
}

function writeScopeLogs(writer: WireWriter, group: ScopeLogs): void {
  const before = writer.size;
  writer.stringField(tag(3, 2), group.schemaUrl);
  for (let index = group.records.length - 1; index >= 0; index--) writeRecord(writer, group.records[index]);
  writeScope(writer, group.scope);
  writer.close(tag(2, 2), before);
}

function writeResource(writer: WireWriter, resource: Resource): void {
  const before = writer.size;
  writeEntries(writer, tag(1, 2), resource.attributes);
  writer.close(tag(1, 2), before);
}

function writeScope(writer: WireWriter, scope: Scope): void {
  const before = writer.size;
  writeEntries(writer, tag(3, 2), scope.attributes);
  writer.stringField(tag(2, 2), scope.version);
  writer.stringField(tag(1, 2), scope.name);
  writer.close(tag(1, 2), before);
}

function writeRecord(writer: WireWriter, record: LogRecord): void {
  const bytes = record instanceof EncodedRecord ? record.encoded : undefined;
  if (bytes === undefined) writeFields(writer, record);
  else writer.raw(bytes);
}

function writeFields(writer: WireWriter, record: LogRecord): void {
  const before = writer.size;
  writer.stringField(tag(12, 2), record.eventName);
  writeFixed64(writer, tag(11, 1), record.observedTimeUnixNano);
  writeId(writer, tag(10, 2), record.spanId);
  writeId(writer, tag(9, 2), record.traceId);
  if (record.flags !== 0) {
    writer.fixed32(record.flags);
    writer.varint(tag(8, 5));
  }
  writeUint32(writer, tag(7, 0), record.droppedAttributesCount);
  writeAttributes(writer, tag(6, 2), record);
  if (record.body !== null) writeValue(writer, tag(5, 2), record.body);
  writer.stringField(tag(3, 2), record.severityText);
  writeUint32(writer, tag(2, 0), record.severityNumber);
  writeFixed64(writer, tag(1, 1), record.timeUnixNano);
  writer.close(tag(2, 2), before);
}

function writeFixed64(writer: WireWriter, field: number, value: bigint): void {
  if (value === 0n) return;
  writer.fixed64(value);
  writer.varint(field);
}

function writeUint32(writer: WireWriter, field: number, value: number): void {
  if (value === 0) return;
  writer.varint(value);
  writer.varint(field);
}

function writeId(writer: WireWriter, field: number, hex: string): void {
  if (hex === '') return;
  const before = writer.size;
  writer.raw(Buffer.from(hex, 'hex'));
  writer.close(field, before);
}

function writeAttributes(writer: WireWriter, field: number, record: LogRecord): void {
  const split = record instanceof PartedRecord ? record.split : undefined;
  if (split === undefined) {
    writeEntries(writer, field, record.attributes);
    return;
  }
  visitor = writer;
  split.own.forEach(writeOwn);
  if (split.near) writeShared(writer, field, split.near);
  writeShared(writer, field, split.shared);
}

function writeShared(writer: WireWriter, field: number, shared: SharedAttributes): void {
  if (shared.encoded !== undefined) {
    writer.raw(shared.encoded);
    return;
  }
  const before = writer.size;
  writeEntries(writer, field, shared.entries);
  shared.encoded = writer.copySince(before);
}

/** What lists its attributes has them written one by one; a function made for each record would cost more. */
let visitor: WireWriter;

function writeOwn(value: AnyValue, name: string): void {
  writeEntry(visitor, tag(6, 2), name, value);
}

/**
 * Entries of the maps that are being written, the inner ones behind the outer: a map can only be walked forwards. The
 * arrays never shrink while a request is written, since growing again costs more than all else here.
 */
const keys: string[] = [];
const values: AnyValue[] = [];
let noted = 0;

function noteEntry(value: AnyValue, key: string): void {
  keys[noted] = key;
  values[noted++] = value;
}

/** Holds nothing of a request that was written. */
function forgetEntries(): void {
  noted = 0;
  keys.length = 0;
  values.length = 0;
}

function writeEntries(writer: WireWriter, field: number, entries: ReadonlyMap<string, AnyValue>): void {
  const first = noted;
  entries.forEach(noteEntry);
  for (let index = noted - 1; index >= first; index--) writeEntry(writer, field, keys[index], values[index]);
  noted = first;
}

function writeEntry(writer: WireWriter, field: number, key: string, value: AnyValue): void {
  const before = writer.size;
  writeValue(writer, tag(2, 2), value);
  writer.stringField(tag(1, 2), key);
  writer.close(field, before);
}

/** One `AnyValue` with its tag and length; null is the value with nothing set. */
function writeValue(writer: WireWriter, field: number, value: AnyValue): void {
  const before = writer.size;
  if (typeof value === 'string') {
    const start = writer.size;
    writer.text(value);
    writer.close(tag(1, 2), start);
  } else if (typeof value === 'boolean') {
    writer.varint(value ? 1 : 0);
    writer.varint(tag(2, 0));
  } else if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'bigint') writeBigInt(writer, value);
  else if (value instanceof Uint8Array) {
    const start = writer.size;
    writer.raw(value);
    writer.close(tag(7, 2), start);
  } else if (Array.isArray(value)) {
    const start = writer.size;
    for (let index = value.length - 1; index >= 0; index--) writeValue(writer, tag(1, 2), value[index]);
    writer.close(tag(5, 2), start);
  } else if (value !== null) {
    const start = writer.size;
    writeEntries(writer, tag(1, 2), value);
    writer.close(tag(6, 2), start);
  }
  writer.close(field, before);
}

function writeNumber(writer: WireWriter, value: number): void {
  if (!isInteger(value)) {
    writer.double(value);
    writer.varint(tag(4, 1));
  } else {
    if (value >= 0) writer.varint(value);
    else writer.bigVarint(BigInt(value));
    writer.varint(tag(3, 0));
  }
}

function writeBigInt(writer: WireWriter, value: bigint): void {
  if (!isInt64(value)) {
    const start = writer.size;
    writer.text(value.toString());
    writer.close(tag(1, 2), start);
    return;
  }
  writer.bigVarint(value);
  writer.varint(tag(3, 0));
}

/** Whether a number is sent as int64: negative zero and what is beyond exactness are doubles. */
export function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** Whether a bigint fits into int64. */
export function isInt64(value: bigint): boolean {
  return value >= MIN_INT64 && value <= MAX_INT64;
}
