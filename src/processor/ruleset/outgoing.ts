import type { Consumer } from '../../component/component.ts';
import type { WorkUnit } from '../../component/state-store.ts';
import type { ProcessorTelemetry } from '../../component/telemetry.ts';
import type { Alert } from '../../pdata/alert.ts';
import type { Attributes } from '../../pdata/any-value.ts';
import type { LogRecord, Resource, Scope, ScopeLogs } from '../../pdata/logs.ts';
import { VERSION } from '../../version.ts';
import { alertAttributes, SERVICE_NAME } from './alert/record.ts';

const SCOPE: Scope = { name: SERVICE_NAME, version: VERSION, attributes: new Map() };

/** Alerts about one host on their way out. */
export function createAlertGroup(resource: Resource, records: LogRecord[]): ScopeLogs {
  return { resource, scope: SCOPE, schemaUrl: '', trusted: false, records };
}

/** `emit: annotated`: what the ruleset knows of the record goes on the record itself. */
export function annotate(record: LogRecord, alert: Alert): void {
  record.alert = alert;
  const { rule } = alert;
  const attributes: Attributes = rule ? alertAttributes({ ...alert, rule }, record) : new Map();
  for (const [name, value] of attributes) {
    if (name !== 'log.record.uid' && name !== 'log.file.path') record.attributes.set(name, value);
  }
}

/** Hands on what leaves, if anything does, and counts it. */
export async function handOn(
  groups: readonly ScopeLogs[],
  next: Consumer,
  work: WorkUnit,
  telemetry: ProcessorTelemetry,
): Promise<void> {
  const logs = groups.filter((group) => group.records.length > 0);
  let leaving = 0;
  for (const group of logs) leaving += group.records.length;
  if (leaving > 0) await next.consume({ logs }, work);
  telemetry.outgoing(leaving);
}
