import type { AnyValue, Attributes } from '../pdata/any-value.ts';
import type { LogBatch, LogRecord, Resource, Scope, ScopeLogs } from '../pdata/logs.ts';
import { ValueDecoder } from './decode-values.ts';
import { CONTAINER_BYTES, type DecodeOptions, MalformedRequestError, RECORD_BYTES } from './limits.ts';
import { FIXED32, FIXED64, LENGTH, VARINT } from './wire-reader.ts';

/**
 * Decodes an `ExportLogsServiceRequest` in one walk over the wire format, without building protobuf messages in
 * between (several times faster; test/bench/otlp-decode.ts). decode-reference.ts does the same through the generated code.
 *
 * The batch has no groups without records, `identity` is empty and `trusted` false. Of a repeated attribute key
 * the first value counts, as in the Collector. Integers are numbers where exact, else bigints.
 * @throws MalformedRequestError, RequestTooLargeError
 */
export function decodeLogsRequest(bytes: Uint8Array, options: DecodeOptions = {}): LogBatch {
  return new LogsDecoder(bytes, options).request(bytes.length);
}

/**
 * One record as `RecordEncoder` writes it, of whatever size. Its identity is the `log.record.uid` it carries.
 * @throws MalformedRequestError
 */
export function decodeLogRecord(bytes: Uint8Array): LogRecord {
  const [group] = new LogsDecoder(bytes, { limits: NO_LIMITS }).groups(bytes.length);
  const record = group?.records[0];
  if (!record) throw new MalformedRequestError('there is no record in these bytes');
  const uid = record.attributes.get('log.record.uid');
  if (typeof uid === 'string') record.identity = uid;
  return record;
}

const NO_LIMITS = {
  maxDecodedBytes: Number.POSITIVE_INFINITY,
  maxDepth: Number.POSITIVE_INFINITY,
  maxEntries: Number.POSITIVE_INFINITY,
};

class LogsDecoder extends ValueDecoder {
  request(end: number): LogBatch {
    const { reader } = this;
    const batch: LogBatch = { logs: [] };
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag >>> 3 === 1) {
        const stop = this.message(tag, end);
        this.resourceLogs(stop, batch.logs);
      } else reader.skip(tag, end);
    }
    this.report.decodedBytes = this.cost;
    return batch;
  }

  /** The fields of one `ScopeLogs`. */
  groups(end: number): ScopeLogs[] {
    const logs: ScopeLogs[] = [];
    this.scopeLogs(end, { attributes: new Map() }, logs);
    return logs;
  }

  private resourceLogs(end: number, logs: ScopeLogs[]): void {
    const { reader } = this;
    const resource: Resource = { attributes: new Map() };
    const first = logs.length;
    let schemaUrl = '';
    let excess = '';
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag >>> 3) {
        case 1:
          this.resource(this.message(tag, end), resource);
          excess ||= this.takeExcess();
          break;
        case 2:
          this.scopeLogs(this.message(tag, end), resource, logs);
          break;
        case 3:
          schemaUrl = this.repeatedText(tag, end);
          break;
        default:
          reader.skip(tag, end);
      }
    }
    if (excess !== '') {
      for (const group of logs.splice(first)) this.reject(group.records.length, `resource: ${excess}`);
    }
    for (let index = first; index < logs.length; index++) logs[index].schemaUrl ||= schemaUrl;
  }

  private resource(end: number, resource: Resource): void {
    const { reader } = this;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag >>> 3) {
        case 1:
          this.keyValue(this.message(tag, end), resource.attributes, 0);
          break;
        case 2:
          this.unused(tag, VARINT, end);
          break;
        case 3:
          this.entityRef(this.message(tag, end));
          break;
        default:
          reader.skip(tag, end);
      }
    }
  }

  /** Read only to see whether it is one. */
  private entityRef(end: number): void {
    const { reader } = this;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag >>> 3 <= 4) this.unused(tag, LENGTH, end);
      else reader.skip(tag, end);
    }
  }

  private scopeLogs(end: number, resource: Resource, logs: ScopeLogs[]): void {
    const { reader } = this;
    const scope: Scope = { name: '', version: '', attributes: new Map() };
    const records: LogRecord[] = [];
    let schemaUrl = '';
    let excess = '';
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag >>> 3) {
        case 1:
          this.scope(this.message(tag, end), scope);
          excess ||= this.takeExcess();
          break;
        case 2: {
          const record = this.record(this.message(tag, end));
          if (this.excess === '') records.push(record);
          else this.reject(1, this.takeExcess());
          break;
        }
        case 3:
          schemaUrl = this.repeatedText(tag, end);
          break;
        default:
          reader.skip(tag, end);
      }
    }
    if (excess !== '') this.reject(records.length, `scope: ${excess}`);
    else if (records.length > 0) {
      this.charge(CONTAINER_BYTES);
      logs.push({ resource, scope, schemaUrl, records, trusted: false });
    }
  }

  private scope(end: number, scope: Scope): void {
    const { reader } = this;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag >>> 3) {
        case 1:
          scope.name = this.repeatedText(tag, end);
          break;
        case 2:
          scope.version = this.repeatedText(tag, end);
          break;
        case 3:
          this.keyValue(this.message(tag, end), scope.attributes, 0);
          break;
        case 4:
          this.unused(tag, VARINT, end);
          break;
        default:
          reader.skip(tag, end);
      }
    }
  }

  private record(end: number): LogRecord {
    const { reader } = this;
    const attributes: Attributes = new Map();
    let timeUnixNano = 0n;
    let observedTimeUnixNano = 0n;
    let severityNumber = 0;
    let severityText = '';
    let eventName = '';
    let body: AnyValue = null;
    let traceId = '';
    let spanId = '';
    let flags = 0;
    let droppedAttributesCount = 0;
    this.charge(RECORD_BYTES);
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag >>> 3) {
        case 1:
          this.expect(tag, FIXED64);
          timeUnixNano = reader.fixed64(end);
          break;
        case 2:
          this.expect(tag, VARINT);
          severityNumber = severity(reader.int32(end));
          break;
        case 3:
          severityText = this.repeatedText(tag, end);
          break;
        case 5:
          body = this.anyValue(this.message(tag, end), body, 0);
          break;
        case 6:
          this.keyValue(this.message(tag, end), attributes, 0);
          break;
        case 7:
          this.expect(tag, VARINT);
          droppedAttributesCount = reader.int32(end) >>> 0;
          break;
        case 8:
          this.expect(tag, FIXED32);
          flags = reader.fixed32(end);
          break;
        case 9:
          this.expect(tag, LENGTH);
          traceId = reader.hexId(16, end);
          break;
        case 10:
          this.expect(tag, LENGTH);
          spanId = reader.hexId(8, end);
          break;
        case 11:
          this.expect(tag, FIXED64);
          observedTimeUnixNano = reader.fixed64(end);
          break;
        case 12:
          eventName = this.repeatedText(tag, end);
          break;
        default:
          reader.skip(tag, end);
      }
    }
    return {
      timeUnixNano,
      observedTimeUnixNano,
      severityNumber,
      severityText,
      eventName,
      body,
      attributes,
      traceId,
      spanId,
      flags,
      droppedAttributesCount,
      identity: '',
    };
  }

  private reject(records: number, reason: string): void {
    if (records === 0) return;
    this.report.rejectedRecords += records;
    this.report.rejectedReason ||= reason;
  }
}

/** The data model knows 1 to 24; what is outside is unset. */
export function severity(number: number): number {
  return number >= 1 && number <= 24 ? number : 0;
}
