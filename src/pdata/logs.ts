import type { Alert } from './alert.ts';
import type { AnyValue, Attributes } from './any-value.ts';

/** One log record of the OpenTelemetry data model, plus what this process knows of it. */
export interface LogRecord {
  /** Nanoseconds since the epoch; 0n where the sender gave none. */
  timeUnixNano: bigint;
  observedTimeUnixNano: bigint;
  /** 1 to 24 as in the data model, 0 where unset. */
  severityNumber: number;
  severityText: string;
  eventName: string;
  body: AnyValue;
  /** Records of one source may share one map: only who says that it changes batches may change it, and it gets a copy. */
  attributes: Attributes;
  /** 32 and 16 lower-case hexadecimal digits, or empty. */
  traceId: string;
  spanId: string;
  flags: number;
  droppedAttributesCount: number;
  /**
   * Event identity (design: files = fingerprint + offset, commands = receiver + run + line, OTLP = `log.record.uid`
   * or request digest + index). Equal identity means the same event sent again; two equal lines are two events.
   */
  identity: string;
  /** What the ruleset decided, for exporters of this process that print Wazuh's own formats. */
  alert?: Alert;
}

export interface Resource {
  attributes: Attributes;
}

export interface Scope {
  name: string;
  version: string;
  attributes: Attributes;
}

/** Records that share a resource and a scope. */
export interface ScopeLogs {
  resource: Resource;
  scope: Scope;
  schemaUrl: string;
  records: LogRecord[];
  /**
   * Set by receivers of this process, never by what a sender wrote: control messages (`ossec: output: ...`)
   * count only from trusted sources.
   */
  trusted: boolean;
}

/** The unit of hand-over and of acknowledgement. */
export interface LogBatch {
  logs: ScopeLogs[];
}

export function countRecords(batch: LogBatch): number {
  let count = 0;
  for (const group of batch.logs) count += group.records.length;
  return count;
}

export function createLogRecord(fields: Partial<LogRecord> = {}): LogRecord {
  const record: LogRecord = {
    timeUnixNano: fields.timeUnixNano ?? 0n,
    observedTimeUnixNano: fields.observedTimeUnixNano ?? 0n,
    severityNumber: fields.severityNumber ?? 0,
    severityText: fields.severityText ?? '',
    eventName: fields.eventName ?? '',
    // Null is a body.
    body: fields.body === undefined ? '' : fields.body,
    attributes: fields.attributes ?? new Map(),
    traceId: fields.traceId ?? '',
    spanId: fields.spanId ?? '',
    flags: fields.flags ?? 0,
    droppedAttributesCount: fields.droppedAttributesCount ?? 0,
    identity: fields.identity ?? '',
  };
  if (fields.alert) record.alert = fields.alert;
  return record;
}
