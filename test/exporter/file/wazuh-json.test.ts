import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatWazuhJson } from '../../../src/exporter/file/wazuh-json.ts';
import type { Alert } from '../../../src/pdata/alert.ts';
import { createAlert, createRule } from './alerts.ts';

const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = 'UTC';
});
afterAll(() => {
  process.env.TZ = zone;
});

const format = (alert: Alert, offset = 0) => formatWazuhJson(alert, offset, 'siem-1');
const parse = (alert: Alert) => JSON.parse(format(alert));

describe('wazuh_json', () => {
  it('writes every key in the order of alerts.json', () => {
    const alert = createAlert({
      rule: createRule({
        mitre: {
          id: ['T1110.001', 'T1021.004'],
          tactic: ['Credential Access', 'Lateral Movement'],
          technique: ['Password Guessing', 'SSH'],
        },
        compliance: new Map([
          ['gdpr', ['IV_35.7.d', 'IV_32.2']],
          ['pci_dss', ['10.2.4']],
        ]),
        frequency: 8,
        cve: 'CVE-2020-1',
        info: 'https://example.org',
        mail: true,
      }),
      decoder: { name: 'sshd', parent: 'sshd', ftsComment: 'first login', accumulate: true },
      previousOutput: ['line 2', 'line 1'],
      previousLog: 'old',
    });
    expect(format(alert, 47655)).toBe(
      '{"timestamp":"2026-11-20T23:07:51.402+0000",' +
        '"rule":{"level":5,"description":"sshd: Attempt to login using a non-existent user","id":"5710",' +
        '"mitre":{"id":["T1110.001","T1021.004"],"tactic":["Credential Access","Lateral Movement"],' +
        '"technique":["Password Guessing","SSH"]},"cve":"CVE-2020-1","info":"https://example.org","frequency":8,' +
        '"firedtimes":3,"mail":true,"groups":["syslog","sshd","authentication_failed","invalid_login"],' +
        '"gdpr":["IV_35.7.d","IV_32.2"],"pci_dss":["10.2.4"]},' +
        '"agent":{"id":"015","name":"web01","ip":"10.0.3.17"},"manager":{"name":"siem-1"},"id":"1795216071.47655",' +
        '"previous_output":"line 2\\nline 1",' +
        '"full_log":"Nov 20 23:07:51 web01 sshd[2229]: Invalid user test from 203.0.113.9 port 51498",' +
        '"predecoder":{"program_name":"sshd","timestamp":"Nov 20 23:07:51","hostname":"web01"},' +
        '"decoder":{"accumulate":1,"parent":"sshd","name":"sshd","ftscomment":"first login"},"previous_log":"old",' +
        '"data":{"srcip":"203.0.113.9","srcport":"51498","srcuser":"test"},"location":"/var/log/auth.log"}\n',
    );
  });

  it.each([
    ['no rule', { rule: undefined }, 'rule'],
    ['no full log wanted', { rule: createRule({ noFullLog: true }) }, 'full_log'],
    ['nothing decoded from the head', { predecoder: {}, fullLog: 'x' }, 'predecoder'],
    ['no fields', { data: [] }, 'data'],
    ['one earlier event', { previousOutput: ['a'] }, 'previous_output'],
    ['an empty second earlier event', { previousOutput: ['a', '', 'b'] }, 'previous_output'],
    ['an agent location without its end', { location: '(web01' }, 'location'],
  ])('leaves out a key: %s', (_name, fields: Partial<Alert>, key) => {
    expect(format(createAlert())).not.toContain('undefined');
    expect(parse(createAlert(fields))).not.toHaveProperty(key);
  });

  it('leaves out level 0 and a fired count that is not kept', () => {
    const { rule } = parse(createAlert({ rule: createRule({ level: 0, firedtimes: undefined }) }));
    expect(Object.keys(rule)).toEqual(['description', 'id', 'mail', 'groups']);
  });

  it.each([
    ['any', '(web01) any->/f', undefined, undefined],
    ['from the location', '(web01) 1.2.3.4->/f', undefined, '1.2.3.4'],
    ['given', '(web01) any->/f', '10.1.1.1', '10.1.1.1'],
  ])('names the address of an agent: %s', (_name, location, ip, expected) => {
    expect(parse(createAlert({ location, agent: { id: '001', name: 'web01', ip } })).agent.ip).toBe(expected);
  });

  it('names script, user and host of an agentless check instead of an agent', () => {
    const json = parse(
      createAlert({ agent: { id: '000', name: 'siem-1' }, location: '(ssh_generic_diff) root@10.0.0.7->agentless' }),
    );
    expect(json).not.toHaveProperty('agent');
    expect(json.agentless).toEqual({ script: 'ssh_generic_diff', user: 'root', host: '10.0.0.7' });
    expect(json.location).toBe('agentless');
  });

  const data = (...fields: [string, string][]) => JSON.stringify(parse(createAlert({ data: fields })).data);

  it.each<[string, [string, string][], string]>([
    [
      'static fields in their own order, empty ones too',
      [
        ['url', ''],
        ['srcip', '1'],
      ],
      '{"srcip":"1","url":""}',
    ],
    [
      'no empty dynamic ones',
      [
        ['id', '7'],
        ['a', ''],
        ['b', 'x'],
      ],
      '{"id":"7","b":"x"}',
    ],
    [
      'dots make objects',
      [
        ['a.b.c', '1'],
        ['a.b.d', '2'],
        ['a.e', '3'],
      ],
      '{"a":{"b":{"c":"1","d":"2"},"e":"3"}}',
    ],
    [
      'a value in the way of an object',
      [
        ['a', '1'],
        ['a.b', '2'],
      ],
      '{"a":"1"}',
    ],
    [
      'an object in the way of a value',
      [
        ['a.b', '2'],
        ['a', '1'],
      ],
      '{"a":{"b":"2"}}',
    ],
    [
      'the first of a repeated name',
      [
        ['a', '1'],
        ['a', '2'],
        ['A', '3'],
      ],
      '{"a":"1"}',
    ],
    ['empty steps', [['a..b.', '1']], '{"a":{"":{"b":{"":"1"}}}}'],
    [
      'names of JavaScript',
      [
        ['__proto__.x', '1'],
        ['constructor', '2'],
      ],
      '{"__proto__":{"x":"1"},"constructor":"2"}',
    ],
    ['an array', [['a', '[1, "x" ,{"b":null}]']], '{"a":[1,"x",{"b":null}]}'],
    ['something after the array', [['a', '[1] ']], '{"a":"[1] "}'],
    [
      'no array',
      [
        ['a', '[1,]'],
        ['b', '[x]'],
        ['c', '['],
      ],
      '{"a":"[1,]","b":"[x]","c":"["}',
    ],
    [
      'other JSON',
      [
        ['a', '{"b":1}'],
        ['c', '1'],
      ],
      '{"a":"{\\"b\\":1}","c":"1"}',
    ],
  ])('data: %s', (_name, fields, expected) => {
    const line = format(createAlert({ data: fields }));
    expect(line.slice(line.indexOf('"data":') + 7, line.lastIndexOf(',"location"'))).toBe(expected);
  });

  it('keeps numeric names in order', () => {
    const line = format(
      createAlert({
        data: [
          ['b', 'x'],
          ['2', 'y'],
          ['1', '[{"9":1,"8":2}]'],
        ],
      }),
    );
    expect(line).toContain('"data":{"b":"x","2":"y","1":[{"9":1,"8":2}]}');
  });

  it('survives names and arrays of any depth', () => {
    const deep = `[${'['.repeat(5000)}${']'.repeat(5000)}]`;
    expect(data(['a', deep])).toBe(JSON.stringify({ a: deep }));
    expect(JSON.parse(data(['a.'.repeat(20_000), '1']))).toHaveProperty('a.a.a.a');
  });

  it('stays one line and moves no terminal', () => {
    const line = format(createAlert({ fullLog: 'a\nb\r\x1b[31m\x7f\x9b31m\u202e\u2028', location: '/x\n/y' }));
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(line).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
    expect(JSON.parse(line).full_log).toBe('a\nb\r\x1b[31m\x7f\x9b31m\u202e\u2028');
  });

  it('writes local time with its zone', () => {
    process.env.TZ = 'Asia/Kolkata';
    expect(parse(createAlert()).timestamp).toBe('2026-11-21T04:37:51.402+0530');
    process.env.TZ = 'America/St_Johns';
    expect(parse(createAlert()).timestamp).toBe('2026-11-20T19:37:51.402-0330');
    process.env.TZ = 'UTC';
  });
});

const GOLDENS = new URL('../../../../shared/conformance/wazuh-4.14.7/mini/mini.jsonl.gz', import.meta.url);

interface GoldenResult {
  decoder: string | null;
  parent?: string;
  fields: Record<string, string>;
  dup_fields?: [string, string][];
  program_name?: string;
  timestamp?: string;
  agent?: string;
  location?: string;
  previous?: string[];
  previous_log?: string;
  alert_json?: {
    rule: Record<string, unknown> & { groups: string[]; id: string; description: string };
    agent: { name?: string };
    decoder: { ftscomment?: string; accumulate?: number };
    full_log?: string;
  };
}

/** The goldens give the alert object of the real engine beside what it decided; `alert_json` is used for the rest only. */
function alertOf(result: GoldenResult, location: string): Alert {
  const json = result.alert_json!;
  const { level, description, id, mail, groups, frequency, firedtimes, info, cve, mitre, ...compliance } = json.rule;
  return createAlert({
    rule: createRule({
      id,
      description,
      groups,
      level: (level ?? 0) as number,
      mail: mail as boolean,
      frequency: frequency as number | undefined,
      firedtimes: firedtimes as number | undefined,
      info: info as string | undefined,
      cve: cve as string | undefined,
      mitre: mitre ? { id: (mitre as { id: string[] }).id, tactic: [], technique: [] } : undefined,
      compliance: new Map(Object.entries(compliance as Record<string, string[]>)),
      noFullLog: json.full_log === undefined,
    }),
    agent: { id: result.agent ?? '000', name: json.agent.name ?? '' },
    location: result.location ?? location,
    fullLog: json.full_log ?? '',
    predecoder: { programName: result.program_name, timestamp: result.timestamp },
    decoder:
      result.decoder === null
        ? undefined
        : {
            name: result.decoder,
            parent: result.parent,
            ftsComment: json.decoder.ftscomment,
            accumulate: json.decoder.accumulate === 1,
          },
    data: [...Object.entries(result.fields), ...(result.dup_fields ?? [])],
    previousOutput: result.previous ?? [],
    previousLog: result.previous_log,
  });
}

describe.skipIf(!existsSync(GOLDENS))('wazuh_json against the alert objects of the real engine', () => {
  it('equals them to the letter, order of keys included', () => {
    let compared = 0;
    for (const text of gunzipSync(readFileSync(GOLDENS)).toString().trimEnd().split('\n')) {
      if (text.includes('"b64"')) continue;
      const golden = JSON.parse(text);
      for (const [index, result] of ((golden.expect ?? []) as GoldenResult[]).entries()) {
        if (!result.alert_json) continue;
        const location = golden.locations?.[index] ?? golden.location ?? 'stdin';
        const { timestamp: _, manager: __, id: ___, ...line } = parse(alertOf(result, location));
        if (result.alert_json.agent.name === undefined) delete line.agent.name;
        if (line.rule.mitre) line.rule.mitre = { id: line.rule.mitre.id };
        const name = `${golden.id} line ${index}`;
        // The goldens do not tell where among the others a repeated field stood.
        if (result.dup_fields) expect(line, name).toEqual(result.alert_json);
        else expect(JSON.stringify(line), name).toBe(JSON.stringify(result.alert_json));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(300);
  });
});

if (!existsSync(GOLDENS)) console.log('skipped: no conformance data beside the repository');
