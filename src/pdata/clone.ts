import type { AnyValue, Attributes } from './any-value.ts';
import type { LogBatch, LogRecord } from './logs.ts';

/**
 * A batch that can be changed without changing the original. Byte arrays and alerts are shared: nobody writes into them.
 * Resources and scopes that groups of the original share are shared in the copy too.
 */
export function cloneBatch(batch: LogBatch): LogBatch {
  const copies = new Map<object, object>();
  const once = <T extends object>(original: T, copy: (value: T) => T): T => {
    const known = copies.get(original);
    if (known) return known as T;
    const made = copy(original);
    copies.set(original, made);
    return made;
  };
  return {
    logs: batch.logs.map((group) => ({
      ...group,
      resource: once(group.resource, (resource) => ({ ...resource, attributes: cloneAttributes(resource.attributes) })),
      scope: once(group.scope, (scope) => ({ ...scope, attributes: cloneAttributes(scope.attributes) })),
      records: group.records.map(cloneRecord),
    })),
  };
}

/** Field by field: some records make theirs only when asked. */
export function cloneRecord(record: LogRecord): LogRecord {
  const { alert } = record;
  return {
    timeUnixNano: record.timeUnixNano,
    observedTimeUnixNano: record.observedTimeUnixNano,
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    eventName: record.eventName,
    body: cloneValue(record.body),
    attributes: cloneAttributes(record.attributes),
    traceId: record.traceId,
    spanId: record.spanId,
    flags: record.flags,
    droppedAttributesCount: record.droppedAttributesCount,
    identity: record.identity,
    ...(alert && { alert }),
  };
}

export function cloneAttributes(attributes: ReadonlyMap<string, AnyValue>): Attributes {
  const copy: Attributes = new Map();
  for (const [key, value] of attributes) copy.set(key, cloneValue(value));
  return copy;
}

export function cloneValue(value: AnyValue): AnyValue {
  if (value instanceof Map) return cloneAttributes(value);
  if (Array.isArray(value)) return value.map(cloneValue);
  return value;
}
