import { describe, expect, test } from 'vitest';
import { Event } from '../../../../src/processor/ruleset/evaluate/event.ts';
import { decodeJson, type JsonOptions } from '../../../../src/processor/ruleset/evaluate/plugins/json.ts';
import { decodeOssecAlert } from '../../../../src/processor/ruleset/evaluate/plugins/ossec-alert.ts';
import { decodePf } from '../../../../src/processor/ruleset/evaluate/plugins/pf.ts';
import { decodeSonicWall } from '../../../../src/processor/ruleset/evaluate/plugins/sonicwall.ts';
import { decodeSymantecWs } from '../../../../src/processor/ruleset/evaluate/plugins/symantec-ws.ts';
import { listFields } from '../../../../src/processor/ruleset/evaluate/verdict.ts';

function fieldsAfter(log: string, decode: (event: Event) => void): Record<string, string> {
  const event = new Event(0, log, 'loc');
  decode(event);
  return Object.fromEntries(listFields(event, 'wazuh'));
}

describe('PF_Decoder', () => {
  test.each<[string, Record<string, string>]>([
    [
      'rule 2/(match) pass in on rl0: 1.1.1.1.12 > 2.2.2.2.443: S 1:1(0)',
      { protocol: 'TCP', action: 'pass', srcip: '1.1.1.1', srcport: '12', dstip: '2.2.2.2', dstport: '443' },
    ],
    [
      'rule 2/(match) block out on rl0: 1.1.1.1 > 2.2.2.2: icmp: echo',
      { protocol: 'ICMP', action: 'block', srcip: '1.1.1.1', dstip: '2.2.2.2' },
    ],
    ['rule (m) pass in on x: 1.1.1.1.2 > 2.2.2.2', { action: 'pass', srcip: '1.1.1.1', srcport: '2' }],
    ['rule 2 pass in', {}],
    ['rule 2/(match) drop in on rl0: 1.1.1.1.1 > 2.2.2.2.2: x', {}],
  ])('%s', (log, fields) => expect(fieldsAfter(log, decodePf)).toEqual(fields));
});

test('SymantecWS_Decoder takes nine bytes of id and goes on behind them', () => {
  expect(fieldsAfter('1,3=1,2=0,11=10.1.1.3,10=jack,60=/a/b,7=z', decodeSymantecWs)).toEqual({
    id: '3=1,2=0,1',
    dstuser: 'jack',
    url: '/a/b',
  });
  expect(fieldsAfter('1, 11=1.1.1.1', decodeSymantecWs)).toEqual({});
  expect(fieldsAfter('1,10=a,10=b', decodeSymantecWs)).toEqual({ dstuser: 'a' });
});

test('SonicWall_Decoder chooses the type by message number', () => {
  const log =
    'id=fw time="x" fw=1.1.1.1 pri=5 c=64 m=36 msg="dropped" src=1.2.3.4:45:WAN dst=5.6.7.8:445:LAN proto=tcp/445';
  const event = new Event(0, log, 'loc');
  decodeSonicWall(event);
  expect(event.category).toBe('firewall');
  expect(Object.fromEntries(listFields(event, 'wazuh'))).toEqual({
    protocol: 'tcp',
    action: 'drop',
    srcip: '1.2.3.4',
    srcport: '45',
    dstip: '5.6.7.8',
    dstport: '445',
    id: '36',
    status: '5',
  });
});

describe('OSSECAlert_Decoder', () => {
  const known = (id: string) => id === '100';
  const decode = (log: string) => {
    const event = new Event(0, log, 'stdin');
    decodeOssecAlert(event, known);
    return [event.forwardedRule, event.location, event.log === log ? undefined : event.log];
  };

  test.each<[string, unknown[]]>([
    [
      'ossec: Alert Level: 7; Rule: 100 - t; Location: (w) 1.2.3.4->/x; srcip: 10.0.0.1; user: bob;  orig',
      ['100', 'stdin|(w) 1.2.3.4->/x', 'orig'],
    ],
    ['Alert Level: 7; Rule: 100 - t; Location: l; foo: x;   m', ['100', 'stdin|l', ' m']],
    ['Alert Level: 7; Rule: 100 - t; Location: l; one blank', [undefined, 'stdin|l', undefined]],
    ['Alert Level: 7; Rule: 999 - t; Location: l;  m', [undefined, 'stdin', undefined]],
    ['Alert Level: 7; Rule: abc', [undefined, 'stdin', undefined]],
  ])('%s', (log, result) => expect(decode(log)).toEqual(result));
});

describe('JSON_Decoder', () => {
  const options: JsonOptions = { nullField: 'string', arrays: 'array', maxFields: 4 };
  const decode = (log: string, more: Partial<JsonOptions> = {}) =>
    fieldsAfter(log, (event) => decodeJson(event, log, { ...options, ...more }));

  test.each<[log: string, fields: Record<string, string>, more?: Partial<JsonOptions>]>([
    ['{"a":{"b":1.5},"c":true,"d":null}', { 'a.b': '1.500000', c: 'true', d: 'null' }],
    ['{"d":null,"e":1}', { e: '1' }, { nullField: 'discard' }],
    ['{"srcip":"1.1.1.1","systemname":"s","x":{"srcip":"2"}}', { srcip: '1.1.1.1', system_name: 's', 'x.srcip': '2' }],
    ['{"user":"a","dstuser":"b"}', { dstuser: 'b' }],
    ['{"dstuser":"b","user":"a"}', { dstuser: 'b', user: 'a' }],
    ['{"a":[1,"x"]}', { a: '[1, "x"]' }],
    ['{"a":[1,"x",{"b":2},null],"e":[]}', { a: '1,x,null' }, { arrays: 'csv' }],
    ['{"a":1,"b":2,"c":3,"d":4,"e":5}', { a: '1', b: '2', c: '3', d: '4' }],
    ['["top"]', {}],
    ['{"a":', {}],
  ])('%s', (log, fields, more) => expect(decode(log, more)).toEqual(fields));

  test('a document 10,000 deep is malformed, not a crash', () => {
    expect(decode('{"a":'.repeat(10_000))).toEqual({});
  });
});
