import { fromBinary } from '@bufbuild/protobuf';
import type { AnyValue, Attributes } from '../pdata/any-value.ts';
import type { LogBatch, LogRecord } from '../pdata/logs.ts';
import { severity } from './decode.ts';
import { ExportLogsServiceRequestSchema } from './generated/opentelemetry/proto/collector/logs/v1/logs_service_pb.js';
import type { AnyValue as AnyValueMessage, KeyValue } from './generated/opentelemetry/proto/common/v1/common_pb.js';
import type { LogRecord as LogRecordMessage } from './generated/opentelemetry/proto/logs/v1/logs_pb.js';

/**
 * The slow, obvious way to decode a request: through the generated messages. It has no limits and is lenient with wrong
 * wire types; tests hold `decodeLogsRequest` against it, and nothing else should call it.
 * @throws Error where the bytes are no protobuf
 */
export function decodeLogsRequestReference(bytes: Uint8Array): LogBatch {
  const request = fromBinary(ExportLogsServiceRequestSchema, bytes, { recursionLimit: 1000 });
  const batch: LogBatch = { logs: [] };
  for (const { resource, scopeLogs, schemaUrl } of request.resourceLogs) {
    const shared = { attributes: toAttributes(resource?.attributes ?? []) };
    for (const group of scopeLogs) {
      if (group.logRecords.length === 0) continue;
      batch.logs.push({
        resource: shared,
        scope: {
          name: group.scope?.name ?? '',
          version: group.scope?.version ?? '',
          attributes: toAttributes(group.scope?.attributes ?? []),
        },
        schemaUrl: group.schemaUrl || schemaUrl,
        records: group.logRecords.map(toRecord),
        trusted: false,
      });
    }
  }
  return batch;
}

function toRecord(message: LogRecordMessage): LogRecord {
  return {
    timeUnixNano: message.timeUnixNano,
    observedTimeUnixNano: message.observedTimeUnixNano,
    severityNumber: severity(message.severityNumber),
    severityText: message.severityText,
    eventName: message.eventName,
    body: toValue(message.body),
    attributes: toAttributes(message.attributes),
    traceId: toId(message.traceId, 16),
    spanId: toId(message.spanId, 8),
    flags: message.flags,
    droppedAttributesCount: message.droppedAttributesCount,
    identity: '',
  };
}

function toAttributes(list: readonly KeyValue[]): Attributes {
  const attributes: Attributes = new Map();
  for (const { key, value, keyStrindex } of list) {
    if (key === '' && keyStrindex !== 0) continue;
    if (!attributes.has(key)) attributes.set(key, toValue(value));
  }
  return attributes;
}

function toValue(message: AnyValueMessage | undefined): AnyValue {
  const value = message?.value;
  switch (value?.case) {
    case 'stringValue':
    case 'boolValue':
    case 'doubleValue':
      return value.value;
    case 'bytesValue':
      return new Uint8Array(value.value);
    case 'intValue':
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : value.value;
    case 'arrayValue':
      return value.value.values.map(toValue);
    case 'kvlistValue':
      return toAttributes(value.value.values);
    default:
      return null;
  }
}

function toId(bytes: Uint8Array, length: number): string {
  return bytes.length === length && bytes.some((byte) => byte !== 0) ? Buffer.from(bytes).toString('hex') : '';
}
