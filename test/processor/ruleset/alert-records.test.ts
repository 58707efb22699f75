import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeLogsRequest } from '../../../src/otlp/decode.ts';
import { encodeLogsRequest } from '../../../src/otlp/encode.ts';
import type { Alert, AlertRule } from '../../../src/pdata/alert.ts';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import { cloneRecord } from '../../../src/pdata/clone.ts';
import { createLogRecord, type LogRecord, type Resource } from '../../../src/pdata/logs.ts';
import { SplitRecord } from '../../../src/pdata/split-record.ts';
import { createAlertRecord, createSeverityMap } from '../../../src/processor/ruleset/alert/record.ts';
import { AlertRecords } from '../../../src/processor/ruleset/alert-records.ts';
import type { Rule } from '../../../src/processor/ruleset/compile/ruleset.ts';

const severityOf = createSeverityMap({});
const RESOURCE: Resource = { attributes: new Map([['host.name', 'web01']]) };

/** Only its identity counts: what an alert says of its rule comes from the alert. */
const createRule = (): Rule => ({}) as Rule;

const short = fc.string({ unit: 'binary', maxLength: 12 });
const list = fc.array(short, { maxLength: 3 });
const rules: fc.Arbitrary<AlertRule> = fc.record(
  {
    id: fc.nat({ max: 999_999 }).map(String),
    level: fc.integer({ min: 0, max: 16 }),
    description: short,
    rawDescription: short,
    groupText: short,
    groups: list,
    compliance: fc
      .dictionary(fc.constantFrom('pci_dss', 'gdpr', 'tsc'), list)
      .map((all) => new Map(Object.entries(all))),
    mitre: fc.record({ id: list, tactic: list, technique: list }),
    mail: fc.boolean(),
    info: fc.oneof(short, fc.constant('https://example.com/rule')),
    file: short,
    noFullLog: fc.boolean(),
  },
  {
    requiredKeys: [
      'id',
      'level',
      'description',
      'rawDescription',
      'groupText',
      'groups',
      'compliance',
      'mail',
      'file',
      'noFullLog',
    ],
  },
);
const names = fc.constantFrom('srcip', 'srcport', 'dstuser', 'audit.exe', 'audit.pid', 'protocol', 'x', '__proto__');
const values = fc.oneof(
  short,
  fc.constantFrom('22', '192.0.2.1', '(null)'),
  fc.nat(5000).map((n) => 'é'.repeat(n)),
);
const events = fc.record({
  uid: fc.uuid(),
  time: fc.constant(1_700_000_000_000),
  agent: fc.record({ id: short, name: short }),
  hostname: short,
  location: short,
  fullLog: fc.string({ unit: 'binary', maxLength: 200 }),
  predecoder: fc.constant({}),
  data: fc.oneof(
    { weight: 9, arbitrary: fc.array(fc.tuple(names, values), { maxLength: 8 }) },
    {
      weight: 1,
      arbitrary: fc
        .integer({ min: 80, max: 200 })
        .map((n) => Array.from({ length: n }, (_, i) => [`f${i}`, 'v'] as const)),
    },
  ),
  previousOutput: list,
  firedtimes: fc.option(fc.nat(), { nil: undefined }),
  decoder: fc.option(fc.record({ name: short }), { nil: undefined }),
});

type Event = typeof events extends fc.Arbitrary<infer T> ? T : never;

function createAlert(rule: AlertRule, { firedtimes, decoder, ...event }: Event): Alert & { rule: AlertRule } {
  return { ...event, ...(decoder && { decoder }), rule: { ...rule, ...(firedtimes !== undefined && { firedtimes }) } };
}

const source = createLogRecord({
  timeUnixNano: 1_700_000_000_123_456_000n,
  traceId: '0af7651916cd43dd8448eb211c80319c',
  attributes: new Map<string, AnyValue>([['log.file.path', '/var/log/auth.log']]),
});

function sorted({ attributes, ...rest }: LogRecord): object {
  return { ...rest, attributes: [...attributes].sort(([one], [other]) => (one < other ? -1 : 1)) };
}

function overTheWire(record: LogRecord): LogRecord {
  const group = {
    resource: RESOURCE,
    scope: { name: 's', version: '', attributes: new Map() },
    schemaUrl: '',
    trusted: false,
  };
  const [decoded] = decodeLogsRequest(encodeLogsRequest({ logs: [{ ...group, records: [record] }] })).logs;
  return { ...decoded.records[0], identity: '' };
}

describe('records of alerts that share what their rule says', () => {
  test('are those of createAlertRecord, on the wire too, also the second of a rule', () => {
    fc.assert(
      fc.property(rules, fc.array(events, { minLength: 1, maxLength: 3 }), (described, of) => {
        const records = new AlertRecords(severityOf);
        const rule = createRule();
        for (const event of of) {
          const alert = createAlert(described, event);
          const expected = createAlertRecord(alert, source, RESOURCE, new Set(['srcip']), severityOf);
          const made = records.create(alert, rule, source, RESOURCE, new Set(['srcip']));
          expect(made.attributesCut).toBe(expected.attributesCut);
          expect(sorted(overTheWire(made.record))).toEqual(sorted(overTheWire(expected.record)));
          expect(sorted(cloneRecord(made.record))).toEqual(sorted(cloneRecord(expected.record)));
        }
      }),
    );
  });

  test('keep to themselves what is done to one of them', () => {
    const records = new AlertRecords(severityOf);
    const rule = createRule();
    const [described] = fc.sample(rules, { numRuns: 1, seed: 5 });
    const [event] = fc.sample(events, { numRuns: 1, seed: 5 });
    const alert = createAlert({ ...described!, groups: ['syslog'] }, event!);
    const one = records.create(alert, rule, source, RESOURCE, new Set()).record;
    const before = sorted(overTheWire(one));
    (one.attributes.get('hids.rule.groups') as string[]).push('changed');
    one.attributes.set('added', 1);
    expect(overTheWire(one).attributes.get('added')).toBe(1);
    const other = records.create(alert, rule, source, RESOURCE, new Set()).record;
    expect(sorted(overTheWire(other))).toEqual(before);
  });

  test('are only split where nothing is cut', () => {
    const records = new AlertRecords(severityOf);
    const [described] = fc.sample(rules, { numRuns: 1, seed: 5 });
    const [event] = fc.sample(events, { numRuns: 1, seed: 5 });
    const small = createAlert(described!, { ...event!, data: [['srcip', '192.0.2.1']] });
    expect(records.create(small, createRule(), source, RESOURCE, new Set()).record).toBeInstanceOf(SplitRecord);
    const large = createAlert(described!, { ...event!, data: Array.from({ length: 200 }, (_, i) => [`f${i}`, 'v']) });
    const made = records.create(large, createRule(), source, RESOURCE, new Set());
    expect(made.record).not.toBeInstanceOf(SplitRecord);
    expect(made.attributesCut).toBeGreaterThan(0);
  });
});
