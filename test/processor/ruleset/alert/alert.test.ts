import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert, AlertRule } from '../../../../src/pdata/alert.ts';
import type { AnyValue } from '../../../../src/pdata/any-value.ts';
import { createLogRecord } from '../../../../src/pdata/logs.ts';
import { cutMiddle, formatBody, MAX_BODY_BYTES } from '../../../../src/processor/ruleset/alert/body.ts';
import { unifiedDelta } from '../../../../src/processor/ruleset/alert/delta.ts';
import { limitAttributes, MAX_ATTRIBUTES } from '../../../../src/processor/ruleset/alert/limits.ts';
import {
  createAlertRecord,
  createAlertResource,
  createSeverityMap,
} from '../../../../src/processor/ruleset/alert/record.ts';
import { alertUid, distinctTime } from '../../../../src/processor/ruleset/alert/uid.ts';

const RULE: AlertRule = {
  id: '5710',
  level: 5,
  description: 'SSH: bob does not exist.',
  rawDescription: 'SSH: $(srcuser) does not exist.',
  groupText: 'syslog,sshd,invalid_login,pci_dss_10.2.4,',
  groups: ['syslog', 'sshd', 'invalid_login'],
  compliance: new Map([['pci_dss', ['10.2.4']]]),
  mitre: { id: ['T1110'], tactic: ['Credential Access'], technique: ['Brute Force'] },
  firedtimes: 2,
  mail: false,
  file: '0050-sshd-rules.xml',
  noFullLog: false,
};

function createAlert(fields: Partial<Alert> = {}): Alert & { rule: AlertRule } {
  return {
    time: 1_700_000_000_000,
    uid: alertUid('test:1', '5710', 'print'),
    agent: { id: '000', name: 'box' },
    hostname: 'box',
    location: '/var/log/auth.log',
    fullLog: 'Invalid user bob from 10.0.0.5 port 22',
    predecoder: {},
    decoder: { name: 'sshd', parent: 'sshd' },
    data: [
      ['srcip', '10.0.0.5'],
      ['srcport', '22'],
      ['srcuser', 'bob'],
    ],
    previousOutput: [],
    ...fields,
    rule: fields.rule ?? RULE,
  };
}

const NO_RESOURCE = { attributes: new Map() };
const severityOf = createSeverityMap({});

describe('alert records', () => {
  it('carry the rule, the fields and their semantic names', () => {
    const source = createLogRecord({
      timeUnixNano: 1_700_000_000_123_456_789n,
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      attributes: new Map([['log.file.path', '/var/log/auth.log']]),
    });
    const { record, attributesCut } = createAlertRecord(createAlert(), source, NO_RESOURCE, new Set(), severityOf);
    expect(attributesCut).toBe(0);
    expect(record).toMatchObject({
      eventName: 'hids.alert',
      severityNumber: 10,
      severityText: 'low',
      timeUnixNano: 1_700_000_000_123_456_789n,
      traceId: source.traceId,
      spanId: source.spanId,
      body: 'SSH: bob does not exist.\nInvalid user bob from 10.0.0.5 port 22',
    });
    expect(Object.fromEntries(record.attributes)).toEqual({
      'security_rule.uuid': '5710',
      'security_rule.name': RULE.rawDescription,
      'security_rule.description': RULE.rawDescription,
      'security_rule.category': 'invalid_login',
      'security_rule.ruleset.name': '0050-sshd-rules.xml',
      'log.record.uid': record.identity,
      'log.file.path': '/var/log/auth.log',
      'hids.rule.level': 5,
      'hids.rule.groups': ['syslog', 'sshd', 'invalid_login'],
      'hids.rule.groups_text': ',syslog,sshd,invalid_login,',
      'hids.rule.firedtimes': 2,
      'hids.rule.mitre.id': ['T1110'],
      'hids.rule.mitre.id_text': ',T1110,',
      'hids.rule.mitre.tactic': ['Credential Access'],
      'hids.rule.mitre.tactic_text': ',Credential Access,',
      'hids.rule.mitre.technique': ['Brute Force'],
      'hids.rule.mitre.technique_text': ',Brute Force,',
      'hids.rule.compliance.pci_dss': ['10.2.4'],
      'hids.decoder.name': 'sshd',
      'hids.location': '/var/log/auth.log',
      'hids.agent.id': '000',
      'hids.agent.name': 'box',
      'source.address': '10.0.0.5',
      'source.port': 22,
      'user.name': 'bob',
      'hids.data.srcip': '10.0.0.5',
      'hids.data.srcport': '22',
      'hids.data.srcuser': 'bob',
    });
  });

  it('show both outputs and the difference of a changed command', () => {
    const before = "ossec: output: 'ports':\ntcp 22\ntcp 80";
    const now = "ossec: output: 'ports':\ntcp 22\ntcp 2021\ntcp 80";
    const alert = createAlert({
      fullLog: now,
      previousLog: before,
      previousOutput: ['Previous output:', before],
      delta: unifiedDelta(before, now),
    });
    expect(formatBody(alert)).toBe(
      `SSH: bob does not exist.\n${now}\n@@ -2,0 +3,1 @@\n+tcp 2021\nPrevious output:\n${before}`,
    );
  });

  it('keep the observed host, become our service, and remember the original one', () => {
    const observed = {
      attributes: new Map<string, AnyValue>([
        ['host.name', 'web01'],
        ['k8s.pod.name', 'pod'],
        ['service.name', 'nginx'],
        ['custom', 'x'],
      ]),
    };
    const host = { agentId: 'id-1', shownAgentId: '', name: 'web01', key: 'id-1', local: false, missing: false };
    expect(Object.fromEntries(createAlertResource(observed, host, 'service').attributes)).toEqual({
      'host.name': 'web01',
      'k8s.pod.name': 'pod',
      'hids.source.service.name': 'nginx',
      'service.name': 'otel-hids',
      'service.instance.id': 'id-1',
    });
    expect(createAlertResource(observed, host, 'keep').attributes.get('service.name')).toBe('nginx');
  });
});

describe('severity', () => {
  it.each([
    [0, 9],
    [3, 9],
    [4, 10],
    [7, 13],
    [12, 17],
    [16, 21],
  ])('of level %i is %i', (level, number) => {
    expect(severityOf(level).number).toBe(number);
  });

  it('can be replaced by the configuration', () => {
    const custom = createSeverityMap({ 0: { number: 1, text: 'quiet' }, 10: { number: 24, text: 'loud' } });
    expect([custom(9), custom(10)]).toEqual([
      { number: 1, text: 'quiet' },
      { number: 24, text: 'loud' },
    ]);
  });
});

describe('alert uid and time', () => {
  it('differ by event, rule and ruleset, and are the same for the same', () => {
    const uids = [alertUid('a', '1', 'x'), alertUid('b', '1', 'x'), alertUid('a', '2', 'x'), alertUid('a', '1', 'y')];
    expect(new Set(uids).size).toBe(4);
    expect(alertUid('a', '1', 'x')).toBe(uids[0]);
    expect(uids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('fill only the digits below the resolution of the time', () => {
    const uid = alertUid('a', '1', 'x');
    expect(distinctTime(5_000_000_000n, uid) / 1_000_000_000n).toBe(5n);
    expect(distinctTime(5_000_000_000n, uid)).not.toBe(5_000_000_000n);
    expect(distinctTime(5_123_000_000n, uid) / 1_000_000n).toBe(5_123n);
    expect(distinctTime(5_123_456_000n, uid)).toBe(5_123_456_000n);
  });
});

describe('limits', () => {
  it('drop fields that the rule did not use first, and say how many', () => {
    const attributes = new Map<string, AnyValue>([['security_rule.uuid', '1']]);
    for (let i = 0; i < 200; i++) attributes.set(`hids.data.f${i}`, 'v');
    const cut = limitAttributes(attributes, new Map([['host.name', 'h']]), new Set(['f199']));
    expect(attributes.size + 1).toBe(MAX_ATTRIBUTES);
    expect(cut).toBe(201 - (attributes.size - 1));
    expect(attributes.get('hids.attributes_cut')).toBe(cut);
    expect(attributes.has('hids.data.f199')).toBe(true);
    expect(attributes.get('security_rule.uuid')).toBe('1');
  });

  it('cut long values before dropping any', () => {
    const attributes = new Map<string, AnyValue>([['hids.data.a', 'é'.repeat(50_000)]]);
    expect(limitAttributes(attributes, new Map(), new Set())).toBe(1);
    expect(attributes.get('hids.data.a')).toMatch(/bytes cut$/);
  });

  it('hold for any attributes', () => {
    const anyText = fc.oneof(fc.string({ maxLength: 6000 }), fc.string({ maxLength: 3000, unit: 'binary' }));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anyText, { maxKeys: 300 }), (values) => {
        const attributes = new Map<string, AnyValue>(Object.entries(values));
        limitAttributes(attributes, new Map(), new Set());
        let bytes = 0;
        for (const value of attributes.values()) expect(Buffer.byteLength(String(value))).toBeLessThanOrEqual(4096);
        for (const [key, value] of attributes) bytes += Buffer.byteLength(key) + Buffer.byteLength(String(value));
        expect(attributes.size).toBeLessThanOrEqual(MAX_ATTRIBUTES);
        expect(bytes).toBeLessThanOrEqual(48 * 1024);
      }),
      { numRuns: 50 },
    );
  });

  it('cut bodies in the middle, with a mark, never longer than allowed', () => {
    const long = `start ${'x'.repeat(300_000)} end`;
    const body = formatBody(createAlert({ fullLog: long, previousOutput: ['Previous output:', long] }));
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_BODY_BYTES);
    expect(body).toMatch(/\n\.\.\. \d+ bytes cut \.\.\.\n/);
    expect(body.endsWith(' end')).toBe(true);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.integer({ min: 60, max: 300 }), (text, max) => {
        expect(Buffer.byteLength(cutMiddle(text, max))).toBeLessThanOrEqual(max);
      }),
    );
  });
});
