import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileRuleset } from '../../../../src/processor/ruleset/compile/compile.ts';
import type { Dialect } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { createEngine } from '../../../../src/processor/ruleset/evaluate/engine.ts';
import { toLogtestResult } from '../../../../src/processor/ruleset/evaluate/logtest-json.ts';
import { EngineState } from '../../../../src/processor/ruleset/evaluate/state.ts';

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a'];

const source = (path: string, content: string) => ({ path, name: path, content });

function rulesOf(dialect: Dialect): string {
  const field = (name: string) => (dialect === 'wazuh' ? `<field name="${name}">\\S</field>` : '');
  const rules = NAMES.map(
    (name, index) => `
<rule id="${100 + index}" level="${index + 3}">${field(name)}<match>${name}</match><description>$(${name})</description></rule>
<rule id="${200 + index}" level="9" frequency="2" timeframe="99"><if_matched_sid>${100 + index}</if_matched_sid>
${dialect === 'wazuh' ? `<same_field>${name}</same_field>` : ''}<description>$(${name})</description></rule>`,
  );
  return `<group name="t,">
<rule id="1" level="0" noalert="1"><category>syslog</category><description>r</description></rule>
<rule id="2" level="0" noalert="1"><category>firewall</category><description>r</description></rule>
${rules.join('\n')}
<rule id="300" level="2"><check_diff /><description>changed</description></rule>
<rule id="301" level="1"><regex>\\S+=(\\w+) |^(\\.+)$</regex><description>any</description></rule></group>`;
}

const PLUGINS = ['PF_Decoder', 'SymantecWS_Decoder', 'SonicWall_Decoder', 'OSSECAlert_Decoder'];

function decodersOf(dialect: Dialect): string {
  const plugins = PLUGINS.map(
    (
      name,
    ) => `<decoder name="${name}"><prematch>^${name[0]}:</prematch><plugin_decoder>${name}</plugin_decoder></decoder>
<decoder name="${name}-p"><program_name>^${name}</program_name><plugin_decoder>${name}</plugin_decoder></decoder>`,
  );
  const json = '<decoder name="json"><prematch>^{</prematch><plugin_decoder>JSON_Decoder</plugin_decoder></decoder>';
  return `${dialect === 'wazuh' ? json : ''}
${plugins.join('\n')}
<decoder name="kv"><prematch>=</prematch></decoder>
<decoder name="kv-1"><parent>kv</parent><regex>(\\w+)=(\\S+) </regex><order>srcuser, ${dialect === 'wazuh' ? '__proto__' : 'url'}</order></decoder>`;
}

function open(dialect: Dialect): (log: string, location: string, second: number) => void {
  const { ruleset, diagnostics } = compileRuleset({
    dialect,
    compat: 'strict',
    decoders: [source('d.xml', decodersOf(dialect))],
    rules: [source('r.xml', rulesOf(dialect))],
    lists: [],
  });
  if (!ruleset) throw new Error(JSON.stringify(diagnostics));
  const engine = createEngine(ruleset, new EngineState(), {
    mode: 'session',
    hostname: 'h',
    localTime: () => ({ minutes: 0, weekday: 0 }),
  });
  return (log, location, second) => {
    const verdict = engine.evaluate({ log, location, queue: '1', timeMs: second * 1000, trusted: true });
    JSON.stringify(toLogtestResult(verdict, dialect, 'strict'));
  };
}

const markup = fc.constantFrom(
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    '\\u00',
    'null',
    'true',
    '1e999',
    '-',
    '0.1',
    '\0',
    '\xff',
    '\n',
    ' ',
    '=',
    'x=',
  ],
  ...NAMES.flatMap((name) => [name, `"${name}":`]),
  ...PLUGINS.flatMap((name) => [`${name[0]}:`, `Jan 11 11:11:11 h ${name}: `]),
  ...[
    '1.1.1.1.80 > 2.2.2.2.53: udp',
    ') block',
    ') pass',
    '10=',
    '11=',
    '60=',
    '2=',
    'id=firewall ',
    ' pri=6 c=32 m=97 ',
    ' src=1.1.1.1:1:X dst=2.2.2.2:2:',
  ],
  ...[
    'Alert Level: 3',
    '; Rule: 300 - x',
    '; Location: ',
    'srcip: 1.1.1.1',
    'user: a; ',
    'Jan 11 11:11:11 ',
    '2022-12-19T15:02:53.288+00:00 h p[1]: ',
  ],
);
const logs = fc.oneof(
  fc.array(markup, { maxLength: 14 }).map((parts) => parts.join('')),
  fc.jsonValue({ maxDepth: 3 }).map((value) => Buffer.from(JSON.stringify({ a: value })).toString('latin1')),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const locations = fc.constantFrom(
  'stdin',
  '[001] (web) any->/var/log/x',
  '[0',
  '(h) 1.1.1.1->x',
  '/../x',
  '',
  '[]',
  '(',
);

describe.each(['wazuh', 'ossec'] as const)('any log in the dialect of %s', (dialect) => {
  test('is decoded and judged without a crash, and changes no object but its own', () => {
    const evaluate = open(dialect);
    let second = 0;
    const before = Object.getOwnPropertyNames(Object.prototype).join();
    fc.assert(
      fc.property(logs, locations, (log, location) => {
        second += 7;
        evaluate(log, location, second);
      }),
      { numRuns: 6000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(before);
  });

  test('takes as long as it is large', () => {
    const evaluate = open(dialect);
    for (const part of [
      '{"a":',
      '[',
      '{"__proto__":',
      '"',
      '\\',
      'x=y ',
      ' ',
      ':',
      ';',
      ',',
      '10=',
      ') ',
      '\xff',
      '{"a":1},',
    ]) {
      for (const head of [
        '',
        '{"a":[',
        '{"a":"',
        'P:',
        'S:',
        'O:',
        'Jan 11 11:11:11 h ',
        'ossec: Alert Level: 3; Rule: ',
      ]) {
        evaluate(head + part.repeat(200_000 / part.length), 'stdin', 1);
      }
    }
  }, 120_000);
});
