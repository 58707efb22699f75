import type { AnyValue, Attributes } from '../pdata/any-value.ts';
import type { LogBatch, LogRecord, Resource, Scope, ScopeLogs } from '../pdata/logs.ts';
import {
  CONTAINER_BYTES,
  createDecodeReport,
  DEFAULT_LIMITS,
  type DecodeLimits,
  type DecodeOptions,
  type DecodeReport,
  ENTRY_BYTES,
  RECORD_BYTES,
  RequestTooLargeError,
  STRING_BYTES,
} from './limits.ts';
import { FIXED32, FIXED64, LENGTH, malformed, VARINT, WireReader } from './wire-reader.ts';

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

class LogsDecoder {
  private readonly reader: WireReader;
  private readonly limits: DecodeLimits;
  private readonly report: DecodeReport;
  private cost = 0;
  /** Why the part being read must be left out; empty while it is fine. */
  private excess = '';

  constructor(bytes: Uint8Array, options: DecodeOptions) {
    this.reader = new WireReader(bytes);
    this.limits = options.limits ?? DEFAULT_LIMITS;
    this.report = options.report ?? createDecodeReport();
  }

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
          this.unused(tag, LENGTH, end);
          break;
        default:
          reader.skip(tag, end);
      }
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

  /** Adds one entry; `depth` counts the lists and maps around it. */
  private keyValue(end: number, attributes: Attributes, depth: number): void {
    const { reader } = this;
    let key = '';
    let value: AnyValue = null;
    let reference = false;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag >>> 3) {
        case 1:
          key = this.repeatedText(tag, end);
          break;
        case 2:
          value = this.anyValue(this.message(tag, end), value, depth);
          break;
        case 3:
          this.unused(tag, VARINT, end);
          reference = true;
          break;
        default:
          reader.skip(tag, end);
      }
    }
    if (reference) {
      this.report.profileReferences++;
      if (key === '') return;
    }
    if (attributes.has(key)) return;
    this.charge(ENTRY_BYTES);
    if (attributes.size >= this.limits.maxEntries) this.excess ||= this.tooMany();
    else attributes.set(key, value);
  }

  /** `value` is what an earlier part of the same message gave: protobuf merges repeated parts, lists append. */
  private anyValue(end: number, value: AnyValue, depth: number): AnyValue {
    const { reader } = this;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag >>> 3) {
        case 1: {
          this.expect(tag, LENGTH);
          const text = reader.string(end);
          this.charge(STRING_BYTES + text.length);
          value = text;
          break;
        }
        case 2:
          this.expect(tag, VARINT);
          value = reader.boolean(end);
          break;
        case 3:
          this.expect(tag, VARINT);
          value = reader.int64(end);
          break;
        case 4:
          this.expect(tag, FIXED64);
          value = reader.double(end);
          break;
        case 5:
          value = this.array(this.message(tag, end), Array.isArray(value) ? value : this.container([]), depth + 1);
          break;
        case 6:
          value = this.map(this.message(tag, end), value instanceof Map ? value : this.container(new Map()), depth + 1);
          break;
        case 7: {
          this.expect(tag, LENGTH);
          const bytes = reader.bytes(end);
          this.charge(CONTAINER_BYTES + bytes.length);
          value = bytes;
          break;
        }
        case 8:
          this.unused(tag, VARINT, end);
          this.report.profileReferences++;
          value = null;
          break;
        default:
          reader.skip(tag, end);
      }
    }
    return value;
  }

  private array(end: number, items: AnyValue[], depth: number): AnyValue[] {
    const { reader } = this;
    if (depth > this.limits.maxDepth) return this.tooDeep(end, items);
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag >>> 3 !== 1) {
        reader.skip(tag, end);
        continue;
      }
      const item = this.anyValue(this.message(tag, end), null, depth);
      this.charge(ENTRY_BYTES);
      if (items.length >= this.limits.maxEntries) this.excess ||= this.tooMany();
      else items.push(item);
    }
    return items;
  }

  private map(end: number, entries: Attributes, depth: number): Attributes {
    const { reader } = this;
    if (depth > this.limits.maxDepth) return this.tooDeep(end, entries);
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag >>> 3 === 1) this.keyValue(this.message(tag, end), entries, depth);
      else reader.skip(tag, end);
    }
    return entries;
  }

  private repeatedText(tag: number, end: number): string {
    this.expect(tag, LENGTH);
    const text = this.reader.repeatedString(end);
    this.charge(text.length);
    return text;
  }

  private message(tag: number, end: number): number {
    this.expect(tag, LENGTH);
    return this.reader.lengthEnd(end);
  }

  /** A known field that a batch has no place for. */
  private unused(tag: number, wireType: number, end: number): void {
    this.expect(tag, wireType);
    this.reader.skip(tag, end);
  }

  private expect(tag: number, wireType: number): void {
    if ((tag & 7) !== wireType) {
      throw malformed(`field ${tag >>> 3} has wire type ${tag & 7} instead of ${wireType}`, this.reader.pos);
    }
  }

  private charge(bytes: number): void {
    this.cost += bytes;
    if (this.cost > this.limits.maxDecodedBytes) {
      throw new RequestTooLargeError(
        `the request takes more than ${this.limits.maxDecodedBytes} bytes of memory decoded`,
      );
    }
  }

  private container<T extends AnyValue>(value: T): T {
    this.charge(CONTAINER_BYTES);
    return value;
  }

  private tooDeep<T>(end: number, value: T): T {
    this.reader.pos = end;
    this.excess ||= `values nested more than ${this.limits.maxDepth} deep`;
    return value;
  }

  private tooMany(): string {
    return `more than ${this.limits.maxEntries} entries in one list of attributes or values`;
  }

  private takeExcess(): string {
    const { excess } = this;
    this.excess = '';
    return excess;
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
