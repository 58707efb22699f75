import type { AnyValue, Attributes } from '../pdata/any-value.ts';
import type { LogBatch, LogRecord, Resource, ScopeLogs } from '../pdata/logs.ts';
import { severity } from './decode.ts';
import { isObject, type JsonObject, JsonReader, parseJson } from './json-reader.ts';
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

/**
 * Decodes OTLP/JSON: ids in hexadecimal, enums as numbers (names are understood), lowerCamelCase keys, 64-bit integers
 * as text or numbers (exact in both forms), unknown keys ignored, null as absent. The batch is as `decodeLogsRequest` gives it.
 * @throws MalformedRequestError, RequestTooLargeError
 */
export function decodeLogsRequestJson(text: string, options: DecodeOptions = {}): LogBatch {
  return new JsonLogsDecoder(options).request(parseJson(text));
}

class JsonLogsDecoder {
  private readonly json = new JsonReader();
  private readonly limits: DecodeLimits;
  private readonly report: DecodeReport;
  private cost = 0;
  /** Why the part being read must be left out; empty while it is fine. */
  private excess = '';

  constructor(options: DecodeOptions) {
    this.limits = options.limits ?? DEFAULT_LIMITS;
    this.report = options.report ?? createDecodeReport();
  }

  request(root: unknown): LogBatch {
    const batch: LogBatch = { logs: [] };
    if (!isObject(root)) return this.json.fail('an object', root);
    this.json.objects(root, 'resourceLogs', (item) => this.resourceLogs(item, batch.logs));
    this.report.decodedBytes = this.cost;
    return batch;
  }

  private resourceLogs(source: JsonObject, logs: ScopeLogs[]): void {
    const { json } = this;
    const resource: Resource = { attributes: new Map() };
    json.object(source, 'resource', (item) => this.entries(item, 'attributes', resource.attributes, 0));
    const excess = this.takeExcess();
    const schemaUrl = json.text(source, 'schemaUrl');
    json.objects(source, 'scopeLogs', (item) => {
      const group = this.scopeLogs(item, resource);
      if (group.records.length === 0) return;
      if (excess !== '') this.reject(group.records.length, `resource: ${excess}`);
      else logs.push({ ...group, schemaUrl: group.schemaUrl || schemaUrl });
    });
  }

  private scopeLogs(source: JsonObject, resource: Resource): ScopeLogs {
    const { json } = this;
    const scope = { name: '', version: '', attributes: new Map() as Attributes };
    json.object(source, 'scope', (item) => {
      scope.name = json.text(item, 'name');
      scope.version = json.text(item, 'version');
      this.entries(item, 'attributes', scope.attributes, 0);
    });
    const excess = this.takeExcess();
    const records: LogRecord[] = [];
    json.objects(source, 'logRecords', (item) => {
      const record = this.record(item);
      const recordExcess = this.takeExcess() || (excess && `scope: ${excess}`);
      if (recordExcess === '') records.push(record);
      else this.reject(1, recordExcess);
    });
    if (records.length > 0) this.charge(CONTAINER_BYTES);
    return { resource, scope, schemaUrl: json.text(source, 'schemaUrl'), records, trusted: false };
  }

  private record(source: JsonObject): LogRecord {
    const { json } = this;
    this.charge(RECORD_BYTES);
    const attributes: Attributes = new Map();
    let body: AnyValue = null;
    json.object(source, 'body', (item) => {
      body = this.anyValue(item, 0);
    });
    this.entries(source, 'attributes', attributes, 0);
    return {
      timeUnixNano: json.uint64(source, 'timeUnixNano'),
      observedTimeUnixNano: json.uint64(source, 'observedTimeUnixNano'),
      severityNumber: severity(json.severityNumber(source, 'severityNumber')),
      severityText: json.text(source, 'severityText'),
      eventName: json.text(source, 'eventName'),
      body,
      attributes,
      traceId: json.hexId(source, 'traceId', 32),
      spanId: json.hexId(source, 'spanId', 16),
      flags: json.uint32(source, 'flags'),
      droppedAttributesCount: json.uint32(source, 'droppedAttributesCount'),
      identity: '',
    };
  }

  private entries(source: JsonObject, name: string, target: Attributes, depth: number): void {
    const { json } = this;
    json.objects(source, name, (item) => {
      const key = json.text(item, 'key');
      if (this.isReference(item, 'keyStrindex') && key === '') return;
      let value: AnyValue = null;
      json.object(item, 'value', (inner) => {
        value = this.anyValue(inner, depth);
      });
      if (target.has(key)) return;
      this.charge(ENTRY_BYTES + key.length);
      if (target.size >= this.limits.maxEntries) this.excess ||= this.tooMany();
      else target.set(key, value);
    });
  }

  private anyValue(source: JsonObject, depth: number): AnyValue {
    const { json } = this;
    let value: AnyValue = null;
    let set = 0;
    for (const name in source) {
      if (source[name] === null) continue;
      switch (name) {
        case 'stringValue': {
          const text = json.text(source, name);
          this.charge(STRING_BYTES + text.length);
          value = text;
          break;
        }
        case 'boolValue':
          value = json.boolean(source, name);
          break;
        case 'intValue':
          value = json.int64(source, name);
          break;
        case 'doubleValue':
          value = json.double(source, name);
          break;
        case 'bytesValue':
          value = json.bytes(source, name);
          this.charge(CONTAINER_BYTES + value.length);
          break;
        case 'arrayValue':
        case 'kvlistValue':
          value = this.container(source, name, depth + 1);
          break;
        case 'stringValueStrindex':
          this.report.profileReferences++;
          break;
        default:
          continue;
      }
      if (++set > 1) json.fail('one value', name);
    }
    return value;
  }

  private container(source: JsonObject, name: 'arrayValue' | 'kvlistValue', depth: number): AnyValue {
    this.charge(CONTAINER_BYTES);
    const items: AnyValue[] = [];
    const entries: Attributes = new Map();
    if (depth > this.limits.maxDepth) this.excess ||= `values nested more than ${this.limits.maxDepth} deep`;
    else if (name === 'kvlistValue') {
      this.json.object(source, name, (list) => this.entries(list, 'values', entries, depth));
    } else {
      this.json.object(source, name, (list) =>
        this.json.objects(list, 'values', (item) => {
          const value = this.anyValue(item, depth);
          this.charge(ENTRY_BYTES);
          if (items.length >= this.limits.maxEntries) this.excess ||= this.tooMany();
          else items.push(value);
        }),
      );
    }
    return name === 'kvlistValue' ? entries : items;
  }

  private isReference(source: JsonObject, name: string): boolean {
    if (this.json.int64(source, name) === 0) return false;
    this.report.profileReferences++;
    return true;
  }

  private charge(bytes: number): void {
    this.cost += bytes;
    if (this.cost > this.limits.maxDecodedBytes) {
      throw new RequestTooLargeError(
        `the request takes more than ${this.limits.maxDecodedBytes} bytes of memory decoded`,
      );
    }
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
    this.report.rejectedRecords += records;
    this.report.rejectedReason ||= reason;
  }
}
