import { HEALTH_LOCATION } from '../../component/health-event.ts';
import type { LocalHost } from '../../component/host.ts';
import type { AnyValue, Attributes } from '../../pdata/any-value.ts';
import { createLogRecord, type LogBatch, type LogRecord } from '../../pdata/logs.ts';

/** What all records of one run share. */
export interface RunFacts {
  readonly receiverId: string;
  readonly alias: string;
  readonly format: 'full_command' | 'command';
  /** Run number: grows with every run of this receiver, also across restarts. */
  readonly run: number;
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly exitCode: number | undefined;
  readonly localHost: LocalHost;
}

/** The records of one run, output first, marked as trusted: control messages count only from here. */
export function buildBatch(
  facts: RunFacts,
  messages: readonly (string | Uint8Array)[],
  events: readonly string[],
): LogBatch {
  const records = [
    ...messages.map((body, index) => createRecord(facts, body, facts.alias, `${index + 1}`)),
    ...events.map((body, index) => ({
      ...createRecord(facts, body, HEALTH_LOCATION, `health${index + 1}`),
      eventName: 'hids.health',
    })),
  ];
  const scope = { name: '', version: '', attributes: new Map() };
  return {
    logs: [{ resource: { attributes: resourceOf(facts.localHost) }, scope, schemaUrl: '', records, trusted: true }],
  };
}

function createRecord(facts: RunFacts, body: string | Uint8Array, location: string, line: string): LogRecord {
  const attributes: Attributes = new Map<string, AnyValue>([
    ['hids.queue', '1'],
    ['hids.location', location],
    ['hids.command.alias', facts.alias],
    ['hids.command.format', facts.format],
    ['hids.command.run', facts.run],
  ]);
  if (facts.exitCode !== undefined) attributes.set('hids.command.exit_code', facts.exitCode);
  const host = facts.localHost.id || facts.localHost.name;
  return createLogRecord({
    timeUnixNano: facts.timeUnixNano,
    observedTimeUnixNano: facts.observedTimeUnixNano,
    body,
    attributes,
    identity: `command:${host}:${facts.receiverId}:${facts.run}:${line}`,
  });
}

function resourceOf(localHost: LocalHost): Attributes {
  const attributes: Attributes = new Map([['host.name', localHost.name]]);
  if (localHost.id !== '') attributes.set('host.id', localHost.id);
  return attributes;
}
