import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, cli } from './helpers.ts';

const DECODERS = `<decoder name="door">
  <prematch>^door: </prematch>
</decoder>
<decoder name="door-event">
  <parent>door</parent>
  <regex offset="after_parent">^(\\w+) (\\w*) (\\S+)</regex>
  <order>action, dstuser, door.name</order>
</decoder>
<decoder name="badge">
  <program_name>^badge</program_name>
</decoder>
`;

const RULES = `<group name="syslog">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>Root.</description></rule>
</group>
<group name="doors,">
  <rule id="100100" level="0">
    <decoded_as>door</decoded_as>
    <description>Doors.</description>
  </rule>
  <rule id="100101" level="5">
    <if_sid>100100</if_sid>
    <action>open</action>
    <description>Door $(door.name) opened on $(hostname).</description>
    <mitre><id>T1200</id></mitre>
    <group>physical,</group>
  </rule>
  <rule id="100102" level="10" frequency="2" timeframe="60">
    <if_matched_sid>100101</if_matched_sid>
    <same_user />
    <description>Doors opened often.</description>
  </rule>
  <rule id="100103" level="7">
    <if_sid>100100</if_sid>
    <action>force</action>
    <location>cellar</location>
    <description>Cellar door forced.</description>
  </rule>
  <rule id="100104" level="6">
    <if_sid>100100</if_sid>
    <action>lock</action>
    <time>6 pm - 8 am</time>
    <description>Locked at night.</description>
  </rule>
  <rule id="100105" level="8">
    <if_sid>100100</if_sid>
    <list field="user" lookup="match_key">etc/lists/thieves</list>
    <description>A thief.</description>
  </rule>
</group>
`;

const NO_SUCH_NAME = ['rule', 'data', 'decoder', 'predecoder'];
let folder: string;
let base: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'otel-hids-logtest-'));
  mkdirSync(join(folder, 'lists'));
  writeFileSync(join(folder, 'decoders.xml'), DECODERS);
  writeFileSync(join(folder, 'rules.xml'), RULES);
  writeFileSync(join(folder, 'lists', 'thieves'), 'lupin:\n');
  writeFileSync(join(folder, 'lists', 'thieves.cdb'), 'no list');
  base = ['logtest', '--decoders', join(folder, 'decoders.xml'), '--rules', join(folder, 'rules.xml')];
  base.push('--lists', join(folder, 'lists'), '--hostname', 'tower');
});
afterAll(() => rmSync(folder, { recursive: true }));

function objects({ stdout }: CliResult): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

function ids(results: readonly unknown[]): (string | undefined)[] {
  return results.map((result) => (result as { rule?: { id: string } }).rule?.id);
}

describe('logtest --json', () => {
  it('prints one object for each line, with absent values left out and empty ones kept', async () => {
    const result = await cli(
      [...base, '--json'],
      'door: open  front\nDec 10 01:02:02 lodge badge[7]: hello\n\nnothing',
    );
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(objects(result)).toEqual([
      {
        full_log: 'door: open  front',
        decoder: { name: 'door' },
        data: { action: 'open', dstuser: '', 'door.name': 'front' },
        rule: {
          id: '100101',
          level: 5,
          description: 'Door front opened on tower.',
          groups: ['doors', 'physical'],
          firedtimes: 1,
          mitre: ['T1200'],
        },
        alert: true,
      },
      {
        full_log: 'Dec 10 01:02:02 lodge badge[7]: hello',
        predecoder: { program_name: 'badge', hostname: 'lodge', timestamp: 'Dec 10 01:02:02' },
        decoder: { name: 'badge' },
      },
      { full_log: '' },
      { full_log: 'nothing' },
    ]);
    for (const name of NO_SUCH_NAME) expect(objects(result)[3]).not.toHaveProperty(name);
  });

  it('says alert false for a winner of level 0, and for one below the alert level', async () => {
    const [zero] = objects(await cli([...base, '--json'], 'door: shut me front\n'));
    expect(zero).toMatchObject({ rule: { id: '100100', level: 0 }, alert: false });
    const [low] = objects(await cli([...base, '--json', '--alert-level', '6'], 'door: open me front\n'));
    expect(low).toMatchObject({ rule: { id: '100101' }, alert: false });
  });

  it('keeps one session in order, or gives each line its own', async () => {
    const input = 'door: open me a\n'.repeat(4);
    expect(ids(objects(await cli([...base, '--json', '--now', '1700000000'], input)))).toContain('100102');
    expect(ids(objects(await cli([...base, '--json', '--each'], input)))).toEqual(Array(4).fill('100101'));
  });

  it('prints bytes that are no UTF-8 as U+FFFD and cuts lines at newlines alone', async () => {
    const input = Buffer.from('door: open me caf\xe9\ndoor: open me a\rb\x0bc\u0085d\n', 'latin1');
    const results = objects(await cli([...base, '--json'], input));
    expect(results.map((result) => result.full_log)).toEqual([
      'door: open me caf\ufffd',
      'door: open me a\rb\x0bc\ufffdd',
    ]);
  });

  it('looks values up in the lists of a directory', async () => {
    expect(ids(objects(await cli([...base, '--json'], 'door: see lupin x\ndoor: see marple x\n')))).toEqual([
      '100105',
      '100100',
    ]);
  });

  it('reads input that arrives in pieces and ends without a newline', async () => {
    const input = 'door: open me front\n'.repeat(5000);
    const results = objects(await cli([...base, '--json', '--each'], `${input}door: open me last`));
    expect(results).toHaveLength(5001);
    expect(results[5000]).toMatchObject({ data: { 'door.name': 'last' } });
  });
});

describe('logtest --jsonl', () => {
  it('gives each request a session of its own, with times and locations', async () => {
    const requests = [
      { logs: Array(4).fill('door: open me a'), times: [1000, 1001, 1002, 1003] },
      { logs: Array(4).fill('door: open me a'), times: [1000, 2000, 3000, 4000] },
      { logs: ['door: force me x'], location: 'cellar' },
      { logs: ['door: force me x', 'door: force me x'], locations: ['attic', '[001] (web01) any->cellar'] },
      { logs: [] },
    ];
    const result = await cli([...base, '--jsonl'], requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
    expect(result.code).toBe(0);
    const answers = objects(result) as unknown as unknown[][];
    expect(ids(answers[0])).toContain('100102');
    expect(ids(answers[1])).toEqual(Array(4).fill('100101'));
    expect(answers.slice(2).map(ids)).toEqual([['100103'], ['100100', '100103'], []]);
  });

  it('takes times as UTC', async () => {
    const requests = [{ logs: ['door: lock me x', 'door: lock me x'], times: [20 * 3600, 12 * 3600] }];
    const result = await cli([...base, '--jsonl'], JSON.stringify(requests[0]));
    expect(ids((objects(result) as unknown as unknown[][])[0])).toEqual(['100104', '100100']);
  });

  it('answers what is no request, or has no valid location, with an error and goes on', async () => {
    const input = `not json\n{"logs":"x"}\n{"log":["x"]}\n[]\n{"logs":["x"],"location":"[001 x"}\n{"logs":["door: open me a"]}\n`;
    const results = objects(await cli([...base, '--jsonl'], input)) as unknown[];
    expect(results.slice(0, 4)).toEqual(Array(4).fill({ error: 'format' }));
    expect(results[4]).toEqual([{ error: 'format' }]);
    expect(ids(results[5] as unknown[])).toEqual(['100101']);
  });

  it('keeps text that is not ASCII', async () => {
    const [[result]] = objects(
      await cli([...base, '--jsonl'], JSON.stringify({ logs: ['door: open me café'] })),
    ) as unknown as unknown[][];
    expect(result).toMatchObject({ full_log: 'door: open me café', data: { 'door.name': 'café' } });
  });
});

describe('logtest', () => {
  it('--quiet prints only rule ids', async () => {
    const result = await cli([...base, '--quiet'], 'door: open me a\nnothing\ndoor: shut me a\n');
    expect(result.stdout).toBe('100101\n\n100100\n');
    const requests = await cli([...base, '--quiet', '--jsonl'], '{"logs":["door: open me a","nothing"]}\n');
    expect(requests.stdout).toBe('["100101",""]\n');
  });

  it('--now lets the clock stand still, in UTC', async () => {
    const at = (hour: number) => cli([...base, '--quiet', '--now', String(hour * 3600)], 'door: lock me a\n');
    expect((await at(23)).stdout).toBe('100104\n');
    expect((await at(12)).stdout).toBe('100100\n');
  });

  it('prints a plain form for people, in which no log acts on the terminal', async () => {
    const { stdout } = await cli(base, 'door: open me \x1b[31mred\n');
    expect(stdout).toContain('rule 100101, level 5: Door \\x1b[31mred opened on tower.');
    expect(stdout).toContain("dstuser: 'me'");
    expect(stdout).toContain('=> alert');
    expect(stdout).not.toContain('\x1b');
  });

  it('takes the ruleset of a configuration, with options on top', async () => {
    const config = join(folder, 'config.yaml');
    writeFileSync(
      config,
      `receivers: { command: { command: w } }
processors: { ruleset: { decoders: [decoders.xml], rules: [rules.xml], lists: { etc/lists/thieves: lists/thieves } } }
exporters: { debug: }
service: { pipelines: { logs: { receivers: [command], processors: [ruleset], exporters: [debug] } } }
`,
      { mode: 0o600 },
    );
    const result = await cli(['logtest', '--config', config, '--json', '--alert-level', '9'], 'door: open me a\n');
    expect(objects(result)[0]).toMatchObject({ rule: { id: '100101' }, alert: false });
  });

  it('runs the starter ruleset where nothing else is named', async () => {
    const result = await cli(['logtest', '--quiet'], "ossec: output: 'netstat listening ports':\n");
    expect(result).toMatchObject({ code: 0, stdout: '530\n' });
  });

  it.each([
    ['a missing file', ['--rules', '/no/such/rules.xml'], /file-not-found.*\/no\/such\/rules\.xml/],
    ['a list of no known form', ['--lists', '/no/such/list'], /neither NAME=PATH nor a directory/],
    ['broken XML', ['--rules', 'BROKEN'], /BROKEN:1:\d+: fatal\[/],
    ['a missing configuration', ['--config', '/no/such.yaml'], /there is no such file/],
  ])('exits 1 for %s and prints nothing on standard output', async (_name, options, expected) => {
    writeFileSync(join(folder, 'BROKEN'), '<group name="x"><rule id="1" level="0">');
    const args = options.map((option) => (option === 'BROKEN' ? join(folder, 'BROKEN') : option));
    const result = await cli(['logtest', '--json', ...args], 'x\n');
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(expected);
  });

  it('names the decoders and rules that the time goes into', async () => {
    const line = 'door: open me front\n';
    const result = await cli([...base, '--profile', '--json'], line.repeat(3));
    expect(result.code).toBe(0);
    const [profile] = objects(result) as unknown as [
      { events: number; rules: Record<string, unknown>[]; decoders: Record<string, unknown>[] },
    ];
    expect(profile.events).toBe(3);
    expect(profile.rules).toContainEqual(expect.objectContaining({ name: '100101', checks: 3, matches: 3 }));
    expect(profile.decoders).toContainEqual(expect.objectContaining({ name: 'door', checks: 3, matches: 3 }));
    const table = await cli([...base, '--profile'], line.repeat(3));
    expect(table.stdout).toMatch(/^3 events, \d+\.\d µs each\n\ndecoder .*\n.*\n/);
    expect(table.stdout).toMatch(/\n100101 .* 3 +3 .*rules\.xml:\d+\n/);
  });

  it('tells once which pattern was given up', async () => {
    const path = join(folder, 'z-hard.xml');
    const hard =
      '<rule id="100200" level="9"><regex type="pcre2">(a*)*(a*)*\\2[bc]</regex><description>d</description></rule>';
    writeFileSync(path, `<group name="hard,">${hard}</group>`);
    const result = await cli([...base, '--rules', path, '--json'], `${'a'.repeat(400)}\n`.repeat(3));
    expect(result.code).toBe(0);
    expect(objects(result).map(({ rule }) => rule)).toEqual([undefined, undefined, undefined]);
    expect(result.stderr.split('\n')).toEqual([
      '100200: matching was given up after too many steps, taken as no match: (a*)*(a*)*\\2[bc]',
      '',
    ]);
  });

  it.each([
    [['--alert-level', '17'], 'a level is a number from 0 to 16'],
    [['--now', 'soon'], 'it is a number of seconds since 1970'],
    [['--dialect', 'suricata'], 'Allowed choices are wazuh, ossec'],
    [['--jsno'], "unknown option '--jsno'"],
    [['--profile', '--explain'], '--profile and --explain exclude each other'],
    [['--explain', '--quiet'], '--explain and --quiet exclude each other'],
  ])('exits 2 for %j', async (options, expected) => {
    const result = await cli([...base, ...options]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(expected);
  });
});
