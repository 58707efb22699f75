import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeLogsRequest } from '../../../src/otlp/decode.ts';
import { encodeLogsRequest } from '../../../src/otlp/encode.ts';
import type { Alert, AlertRule } from '../../../src/pdata/alert.ts';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import { cloneRecord } from '../../../src/pdata/clone.ts';
import { createLogRecord, type LogRecord, type Resource } from '../../../src/pdata/logs.ts';
import { AlertRecord } from '../../../src/processor/ruleset/alert/alert-record.ts';
import { buildAlert } from '../../../src/processor/ruleset/alert/build.ts';
import { createAlertRecord, createSeverityMap } from '../../../src/processor/ruleset/alert/record.ts';
import { AlertRecords } from '../../../src/processor/ruleset/alert-records.ts';
import { textToBytes } from '../../../src/processor/ruleset/bytes.ts';
import type { Rule, Ruleset } from '../../../src/processor/ruleset/compile/ruleset.ts';
import { Event } from '../../../src/processor/ruleset/evaluate/event.ts';
import type { Verdict } from '../../../src/processor/ruleset/evaluate/verdict.ts';
import type { HostIdentity } from '../../../src/processor/ruleset/identity.ts';

const severityOf = createSeverityMap({});
const RESOURCE: Resource = { attributes: new Map([['host.name', 'web01']]) };

const RULESET = { dialect: 'wazuh', fingerprint: 'f00d' } as Ruleset;
const OSSEC = { dialect: 'ossec', fingerprint: 'f00d' } as Ruleset;
const HOST: HostIdentity = {
  agentId: '001',
  shownAgentId: '001',
  name: 'web01',
  key: 'web01',
  local: false,
  missing: false,
};

/** Texts as the engine has them: bytes, mostly UTF-8. */
const bytes = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map(textToBytes),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 12 }),
);
const list = fc.array(bytes, { maxLength: 3 });
const texts = fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 3 });

const rules = fc
  .record({
    id: fc.nat({ max: 999_999 }).map(String),
    level: fc.integer({ min: 0, max: 16 }),
    raw: bytes,
    groups: list,
    compliance: fc
      .dictionary(fc.constantFrom('pci_dss', 'gdpr', 'tsc'), texts)
      .map((all) => new Map(Object.entries(all))),
    mitre: fc.option(fc.record({ id: texts, tactic: texts, technique: texts }), { nil: undefined }),
    info: fc.option(fc.oneof(bytes, fc.constant('https://example.com/rule')), { nil: undefined }),
    noCounter: fc.boolean(),
  })
  .map(
    ({ raw, noCounter, ...rule }) =>
      ({
        ...rule,
        description: { raw },
        groupText: rule.groups.join(','),
        options: { mail: false, noFullLog: false, noCounter },
        span: { file: '/rules/0095-sshd_rules.xml' },
      }) as unknown as Rule,
  );

const names = fc.constantFrom(
  'srcip',
  'srcport',
  'dstuser',
  'audit.exe',
  'audit.pid',
  'protocol',
  'file',
  'x',
  '__proto__',
  'b\xc3\xa9',
  'extra_data',
);
const values = fc.oneof(
  { weight: 50, arbitrary: bytes },
  { weight: 50, arbitrary: fc.constantFrom('22', '192.0.2.1', '(null)', 'TCP') },
  { weight: 1, arbitrary: fc.nat(5000).map((n) => 'é'.repeat(n)) },
);
const events = fc.record({
  texts: fc.array(bytes, { minLength: 3, maxLength: 3 }),
  fullLog: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }).map(textToBytes),
    fc.nat(250_000).map((n) => 'l'.repeat(n)),
  ),
  description: fc.oneof(
    bytes,
    fc.nat(6000).map((n) => 'd'.repeat(n)),
  ),
  statics: fc.array(fc.option(values, { nil: undefined, freq: 3 }), { minLength: 16, maxLength: 16 }),
  dynamics: fc.oneof(
    { weight: 9, arbitrary: fc.array(fc.tuple(names, values), { maxLength: 12 }) },
    {
      weight: 1,
      arbitrary: fc
        .integer({ min: 20, max: 200 })
        .map((n) => Array.from({ length: n }, (_, i): [string, string] => [`f${i}`, 'v'])),
    },
  ),
  previous: list,
  previousLog: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: bytes }),
  firedtimes: fc.nat(),
  decoderName: fc.option(bytes, { nil: undefined }),
});

/** Some of them often enough, one after the other, that neighbours share where it was. */
function ofOnePlace(of: Happened[]): fc.Arbitrary<Happened[]> {
  const [first] = of;
  return fc
    .nat({ max: 8 })
    .map((times) => [
      ...of,
      ...Array.from({ length: times }, (_, n) => ({ ...of[n % of.length]!, texts: first!.texts })),
    ]);
}

type Happened = typeof events extends fc.Arbitrary<infer T> ? T : never;

function createVerdict(
  rule: Rule,
  { texts, fullLog, description, statics, dynamics, firedtimes, ...rest }: Happened,
): Verdict & { rule: Rule } {
  const [location, hostname, programName] = texts as [string, string, string];
  const event = new Event(1_700_000_000_123, fullLog, location);
  Object.assign(event, { hostname, hostnameKnown: true, programName, ...rest });
  statics.forEach((value, slot) => {
    event.statics[slot] = value;
  });
  for (const [name, value] of dynamics) event.addDynamic(name, value);
  return { event, rule, description, firedtimes } as Verdict & { rule: Rule };
}

const source = createLogRecord({
  timeUnixNano: 1_700_000_000_123_456_000n,
  identity: 'event 1',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  attributes: new Map<string, AnyValue>([['log.file.path', '/var/log/auth.log']]),
});

const sources = [
  source,
  createLogRecord({ identity: 'event 2' }),
  createLogRecord({ identity: 'event 2', timeUnixNano: 1_700_000_000_000_000_000n }),
  createLogRecord({ attributes: new Map<string, AnyValue>([['log.file.path', 'p'.repeat(5000)]]) }),
  createLogRecord({ attributes: new Map<string, AnyValue>([['log.file.path', ['a', 1n]]]) }),
];

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

const USED = new Set(['srcip']);
const SUBJECT = { host: HOST, alertResource: RESOURCE };

/** As it would be made at once and as a whole. */
function createWhole(verdict: Verdict & { rule: Rule }, ruleset: Ruleset, from: LogRecord) {
  const alert = buildAlert(verdict, ruleset, HOST, from.identity) as Alert & { rule: AlertRule };
  return createAlertRecord(alert, from, RESOURCE, USED, severityOf);
}

/** An event in which nothing is long. */
const SMALL: Happened = {
  texts: ['/var/log/auth.log', 'web01', 'sshd'],
  fullLog: 'Failed password',
  description: 'failed',
  statics: [undefined, undefined, '192.0.2.1'],
  dynamics: [],
  previous: [],
  previousLog: undefined,
  firedtimes: 1,
  decoderName: 'sshd',
};

describe('records of alerts that are made when somebody asks', () => {
  test('are those of createAlertRecord, on the wire too, also the second of a rule', () => {
    let late = 0;
    let near = 0;
    fc.assert(
      fc.property(
        rules,
        fc.array(events, { minLength: 1, maxLength: 3 }).chain(ofOnePlace),
        fc.constantFrom(RULESET, OSSEC),
        fc.constantFrom(...sources),
        (rule, of, ruleset, from) => {
          const records = new AlertRecords(severityOf);
          const verdicts = of.map((happened) => createVerdict(rule, happened));
          const made = verdicts.map((verdict) => records.create(verdict, ruleset, from, SUBJECT, USED));
          verdicts.forEach((verdict, index) => {
            const { record, attributesCut } = made[index]!;
            const expected = createWhole(verdict, ruleset, from);
            expect(attributesCut).toBe(expected.attributesCut);
            if (record instanceof AlertRecord) late++;
            if (record instanceof AlertRecord && record.near) near++;
            expect(sorted(overTheWire(record))).toEqual(sorted(overTheWire(expected.record)));
            expect(sorted(cloneRecord(record))).toEqual(sorted(cloneRecord(expected.record)));
          });
        },
      ),
      { numRuns: 400 },
    );
    expect(late).toBeGreaterThan(100);
    expect(near).toBeGreaterThan(20);
  });

  test('keep to themselves what is done to one of them', () => {
    const records = new AlertRecords(severityOf);
    const [rule] = fc.sample(rules, { numRuns: 1, seed: 5 });
    const verdict = createVerdict({ ...rule!, groups: ['syslog'] }, SMALL);
    const one = records.create(verdict, RULESET, source, SUBJECT, USED).record;
    const before = sorted(overTheWire(one));
    (one.attributes.get('hids.rule.groups') as string[]).push('changed');
    one.attributes.set('added', 1);
    expect(overTheWire(one).attributes.get('added')).toBe(1);
    const other = records.create(verdict, RULESET, source, SUBJECT, USED).record;
    expect(sorted(overTheWire(other))).toEqual(before);
  });

  test('are only made late where nothing is cut', () => {
    const records = new AlertRecords(severityOf);
    const [rule] = fc.sample(rules, { numRuns: 1, seed: 5 });
    const create = (happened: Partial<Happened>) =>
      records.create(createVerdict(rule!, { ...SMALL, ...happened }), RULESET, source, SUBJECT, USED);
    expect(create({}).record).toBeInstanceOf(AlertRecord);
    const dynamics = Array.from({ length: 200 }, (_, i): [string, string] => [`f${i}`, 'v']);
    const large = create({ dynamics });
    expect(large.record).not.toBeInstanceOf(AlertRecord);
    expect(large.attributesCut).toBeGreaterThan(0);
    const long = create({ dynamics: [['x', 'v'.repeat(5000)]] });
    expect(long.record).not.toBeInstanceOf(AlertRecord);
    expect(long.attributesCut).toBe(1);
  });
});
