import type { Alert, AlertRule } from '../../../pdata/alert.ts';
import type { AnyValue, Attributes } from '../../../pdata/any-value.ts';
import { createLogRecord, type LogRecord, type Resource } from '../../../pdata/logs.ts';
import { SEVERITY_BY_LEVEL, type Severity } from '../../../pdata/severity.ts';
import type { HostIdentity } from '../identity.ts';
import { ALERT_EVENT_NAME } from './alert-record.ts';
import { formatBody } from './body.ts';
import { limitAttributes } from './limits.ts';
import { addAll, ruleAttributesOf } from './rule-attributes.ts';
import { addSemanticAttributes } from './semantic-fields.ts';
import { distinctTime } from './uid.ts';

export const SERVICE_NAME = 'otel-hids';

/** Resource attributes of the observed host that alerts keep. */
const KEPT_RESOURCE = /^(host|os|k8s|cloud)\./;

/** The OTLP record of an alert (design: "Alert record"). `usedFields` are the decoded fields that the rule's path read. */
export function createAlertRecord(
  alert: Alert & { rule: AlertRule },
  source: LogRecord,
  resource: Resource,
  usedFields: ReadonlySet<string>,
  severityOf: (level: number) => Severity,
): { record: LogRecord; attributesCut: number } {
  const severity = severityOf(alert.rule.level);
  const attributes = alertAttributes(alert, source);
  const attributesCut = limitAttributes(attributes, resource.attributes, usedFields);
  const time = source.timeUnixNano || source.observedTimeUnixNano || BigInt(alert.time) * 1_000_000n;
  const record = createLogRecord({
    timeUnixNano: distinctTime(time, alert.uid),
    observedTimeUnixNano: BigInt(alert.time) * 1_000_000n,
    severityNumber: severity.number,
    severityText: severity.text,
    eventName: ALERT_EVENT_NAME,
    body: formatBody(alert),
    attributes,
    traceId: source.traceId,
    spanId: source.spanId,
    flags: source.flags,
    identity: alert.uid,
    alert,
  });
  return { record, attributesCut };
}

/** Everything about the alert as attributes, the important ones first: what is added last is cut first. */
export function alertAttributes(alert: Alert & { rule: AlertRule }, source: LogRecord): Attributes {
  const { rule, decoder, agent } = alert;
  const attributes: Attributes = new Map();
  const set = (name: string, value: AnyValue | undefined) => {
    if (value !== undefined && value !== '') attributes.set(name, value);
  };
  const ofRule = ruleAttributesOf(rule);
  addAll(attributes, ofRule.head);
  set('log.record.uid', alert.uid);
  set('log.file.path', source.attributes.get('log.file.path'));
  addAll(attributes, ofRule.groups);
  set('hids.rule.firedtimes', rule.firedtimes);
  addAll(attributes, ofRule.tail);
  set('hids.decoder.name', decoder?.name);
  set('hids.location', alert.location);
  set('hids.agent.id', agent.id);
  set('hids.agent.name', agent.name);
  addSemanticAttributes(attributes, alert.data);
  for (const [name, value] of alert.data) {
    const key = `hids.data.${name}`;
    if (!attributes.has(key)) attributes.set(key, value);
  }
  return attributes;
}

/**
 * The resource of alerts about a host: what describes the host stays, the service becomes ours so that all alerts lie
 * in one place, and the host key tells the streams apart.
 */
export function createAlertResource(observed: Resource, host: HostIdentity, mode: 'service' | 'keep'): Resource {
  const attributes: Attributes = new Map();
  for (const [name, value] of observed.attributes) {
    if (mode === 'keep' || KEPT_RESOURCE.test(name)) attributes.set(name, value);
  }
  if (!attributes.has('host.name')) attributes.set('host.name', host.name);
  if (mode === 'keep') return { attributes };
  const service = observed.attributes.get('service.name');
  if (service !== undefined && service !== SERVICE_NAME) attributes.set('hids.source.service.name', service);
  attributes.set('service.name', SERVICE_NAME);
  attributes.set('service.instance.id', host.key);
  return { attributes };
}

/** Severity by level, with rows of the configuration (lowest level as key) replacing the built-in table. */
export function createSeverityMap(overrides: Readonly<Record<string, Severity>>): (level: number) => Severity {
  const rows = Object.entries(overrides).map(([level, severity]) => ({ fromLevel: Number(level), ...severity }));
  const table = rows.length === 0 ? SEVERITY_BY_LEVEL : rows.sort((a, b) => a.fromLevel - b.fromLevel);
  return (level) => {
    let found: Severity = table[0];
    for (const row of table) if (level >= row.fromLevel) found = row;
    return { number: found.number, text: found.text };
  };
}
