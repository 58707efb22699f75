import type { AnyValue, Attributes } from '../pdata/any-value.ts';
import type { LogBatch, LogRecord, ScopeLogs } from '../pdata/logs.ts';
import { isInt64, isInteger } from './encode.ts';

type Json = Record<string, unknown>;

/** The same request as `encodeLogsRequest`, in OTLP/JSON. Fields at their zero value are left out. */
export function encodeLogsRequestJson(batch: LogBatch): string {
  const resourceLogs: { resource: Json; scopeLogs: Json[] }[] = [];
  batch.logs.forEach((group, index) => {
    if (index > 0 && batch.logs[index - 1].resource === group.resource) {
      resourceLogs[resourceLogs.length - 1].scopeLogs.push(scopeLogs(group));
    } else {
      resourceLogs.push({ resource: entries('attributes', group.resource.attributes), scopeLogs: [scopeLogs(group)] });
    }
  });
  return JSON.stringify({ resourceLogs });
}

function scopeLogs({ scope, schemaUrl, records }: ScopeLogs): Json {
  return {
    scope: {
      ...(scope.name && { name: scope.name }),
      ...(scope.version && { version: scope.version }),
      ...entries('attributes', scope.attributes),
    },
    logRecords: records.map(logRecord),
    ...(schemaUrl && { schemaUrl }),
  };
}

function logRecord(record: LogRecord): Json {
  const json: Json = {};
  if (record.timeUnixNano !== 0n) json.timeUnixNano = record.timeUnixNano.toString();
  if (record.observedTimeUnixNano !== 0n) json.observedTimeUnixNano = record.observedTimeUnixNano.toString();
  if (record.severityNumber !== 0) json.severityNumber = record.severityNumber;
  if (record.severityText !== '') json.severityText = record.severityText;
  if (record.body !== null) json.body = anyValue(record.body);
  Object.assign(json, entries('attributes', record.attributes));
  if (record.droppedAttributesCount !== 0) json.droppedAttributesCount = record.droppedAttributesCount;
  if (record.flags !== 0) json.flags = record.flags;
  if (record.traceId !== '') json.traceId = record.traceId;
  if (record.spanId !== '') json.spanId = record.spanId;
  if (record.eventName !== '') json.eventName = record.eventName;
  return json;
}

function entries(name: string, attributes: Attributes): Json {
  if (attributes.size === 0) return {};
  return { [name]: Array.from(attributes, ([key, value]) => ({ key, value: anyValue(value) })) };
}

function anyValue(value: AnyValue): Json {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    if (isInteger(value)) return { intValue: value.toString() };
    return {
      doubleValue:
        Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value),
    };
  }
  if (typeof value === 'bigint')
    return isInt64(value) ? { intValue: value.toString() } : { stringValue: value.toString() };
  if (value === null) return {};
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: entries('values', value) };
}
