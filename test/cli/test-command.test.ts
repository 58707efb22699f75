import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { XMLParser } from 'fast-xml-parser';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { readTests } from '../../src/ruletools/ruletest/read-tests.ts';
import { cli } from './helpers.ts';

const DECODERS = `<decoder name="door"><prematch>^door: </prematch></decoder>
<decoder name="door-event"><parent>door</parent>
  <regex offset="after_parent">^(\\w+) (\\w*) (\\S+)</regex><order>action, dstuser, door.name</order></decoder>
<decoder name="never"><program_name>^never</program_name></decoder>
`;
const RULES = `<group name="syslog,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>Root.</description></rule>
</group>
<group name="doors,">
  <rule id="100100" level="3"><decoded_as>door</decoded_as><description>Doors.</description></rule>
  <rule id="100101" level="5"><if_sid>100100</if_sid><action>open</action><description>Door $(door.name) opened.</description></rule>
  <rule id="100102" level="10" frequency="3" timeframe="60"><if_matched_sid>100101</if_matched_sid><same_user /><description>Often.</description></rule>
</group>
`;
const GOOD_INI = `[a door]
log 1 pass = door: open me front
log 2 fail = door: shut me front
rule = 100101
alert = 5
decoder = door

[often]
log 1 pass = door: open me a
log 1 pass = door: open me b
log 1 pass = door: open me c
rule = 100102
alert = 10
decoder = door
`;
const GOOD_YAML = `tests:
  - name: the window is a minute long
    logs:
      - { log: "door: open me a", repeat: 2, expect: { rule: 100101, firedtimes: 2 } }
      - { log: "door: open me a", after: 61s, expect: { rule: 100102, absent: true } }
      - { log: "door: open you b", expect: { rule: 100101, fields: { door.name: b, srcip: null }, decoder: door, parent: null, alert: true } }
      - { log: "hello", expect: { absent: true, decoder: null, alert: false } }
`;

let folder: string;
let ruleset: string[];

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'otel-hids-test-'));
  ruleset = ['--decoders', file('decoders.xml', DECODERS), '--rules', file('rules.xml', RULES)];
  mkdirSync(join(folder, 'tests', 'deep'), { recursive: true });
  file('tests/good.ini', GOOD_INI);
  file('tests/deep/good.yaml', GOOD_YAML);
  file('tests/notes.txt', 'no test');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('test', () => {
  it('runs every test file of a directory, in a process of its own', () => {
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const args = [main, 'test', ...ruleset, join(folder, 'tests')];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: '4 tests in 2 files: 4 passed, 0 failed\n',
      stderr: '',
    });
  });

  it('shows what is not as expected, and exits 1', async () => {
    const path = file(
      'wrong.yaml',
      GOOD_YAML.replace('door.name: b', 'door.name: "\\e[31m"').replace('firedtimes: 2', 'firedtimes: 7'),
    );
    const { code, stdout } = await cli(['test', ...ruleset, path]);
    expect(code).toBe(1);
    expect(stdout).toBe(`FAIL ${path}:2: the window is a minute long
  log 2 of 5: door: open me a
    - firedtimes: 7
    + firedtimes: 2
      decoder: door
  log 4 of 5: door: open you b
    - fields.door.name: \\x1b[31m
    + fields.door.name: b
      decoder: door
1 test in 1 file: 0 passed, 1 failed
`);
  });

  it.each([
    ['a rule that does not match', 'rule = 100101', 'rule = 100100', '    - rule: 100100\n    + rule: 100101\n'],
    ['a level', 'alert = 5', 'alert = 6', '    - level: 6\n    + level: 5\n'],
    ['a decoder', 'decoder = door\n\n', 'decoder =\n\n', '    - decoder: (none)\n    + decoder: door\n'],
    ['fail of what passes', 'log 2 fail = door: shut', 'log 2 fail = door: open', '    - rule: anything but 100101\n'],
  ])('fails an ini test for %s', async (_name, good, bad, expected) => {
    const { code, stdout } = await cli(['test', ...ruleset, file('wrong.ini', GOOD_INI.replace(good, bad))]);
    expect(code).toBe(1);
    expect(stdout).toContain(expected);
  });

  it('never passes a blank expectation, as the stock runner', async () => {
    const blank = '[x]\nlog 1 pass = hello\nlog 2 fail = hello\nrule =\nalert =\ndecoder =\n';
    const { code, stdout } = await cli(['test', ...ruleset, file('blank.ini', blank)]);
    expect(code).toBe(1);
    expect(stdout).toContain('x / log 1 pass');
    expect(stdout).toContain('no blanks: with one, pass never holds');
    expect(stdout).toContain('2 tests in 1 file: 1 passed, 1 failed');
  });

  it('takes a broken or missing test file for a failure, and runs the others', async () => {
    const broken = file('broken.yaml', 'tests:\n  - nme: x\n');
    const { code, stdout } = await cli(['test', ...ruleset, broken, '/no/such.ini', join(folder, 'tests/good.ini')]);
    expect(code).toBe(1);
    expect(stdout).toContain(`${broken}:2:5: error: tests[1].nme: unknown key; did you mean "name"?`);
    expect(stdout).toContain('/no/such.ini: error: there is no such file or directory');
    expect(stdout).toMatch(/3 tests in 2 files: 3 passed, 0 failed, \d errors in test files\n$/);
  });

  it('sends logs the way that queue says', async () => {
    const rules = `<group name="windows,">
  <rule id="7" level="0" noalert="1"><category>ossec</category><description>Root.</description></rule>
  <rule id="100200" level="5"><category>ossec</category><decoded_as>windows_eventchannel</decoded_as><description>x</description></rule>
</group>`;
    const log = `log: '{"win":{"system":{"eventID":"4625"}}}'`;
    const tests = `tests:
  - { name: channel, queue: f, logs: [{ ${log} }], expect: { rule: 100200, fields: { win.system.eventID: 4625 } } }
  - { name: file, logs: [{ ${log} }], expect: { absent: true } }
`;
    const { code, stdout } = await cli([
      'test',
      ...ruleset,
      '--rules',
      file('win.xml', rules),
      file('queue.yaml', tests),
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '2 tests in 1 file: 2 passed, 0 failed\n' });
  });

  it('prints TAP', async () => {
    const wrong = file('wrong.ini', GOOD_INI.replace('alert = 5', 'alert = 6').replace('[a door]', '[a #1 door]'));
    const { code, stdout } = await cli(['test', ...ruleset, '--tap', wrong]);
    expect(code).toBe(1);
    expect(stdout).toBe(`TAP version 14
1..3
not ok 1 - ${wrong}:2: a \\#1 door / log 1 pass
  ---
  message: "log 1 of 1\\n- level: 6\\n+ level: 5"
  ...
ok 2 - ${wrong}:3: a \\#1 door / log 2 fail
ok 3 - ${wrong}:9: often / log 1 pass
# 3 tests in 1 file: 2 passed, 1 failed
`);
  });

  it('writes JUnit that an XML parser reads', async () => {
    const wrong = file('wrong.ini', GOOD_INI.replace('alert = 5', 'alert = 6').replace('[a door]', '[<a> "&"\x01]'));
    const junit = join(folder, 'junit.xml');
    expect((await cli(['test', ...ruleset, '--junit', junit, wrong, '/no/such.ini'])).code).toBe(1);
    const xml = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', htmlEntities: true }).parse(
      readFileSync(junit, 'utf8'),
    );
    expect(xml.testsuites).toMatchObject({ tests: '4', failures: '1', errors: '1' });
    const [suite] = xml.testsuites.testsuite;
    expect(suite.testcase[0]).toMatchObject({ name: '<a> "&"\ufffd / log 1 pass', failure: { message: 'level' } });
    expect(suite.testcase[1]).not.toHaveProperty('failure');
  });

  it('says which rules and decoders no test reaches, and fails below a threshold', async () => {
    const { code, stdout } = await cli(['test', ...ruleset, '--coverage', join(folder, 'tests/good.ini')]);
    expect(code).toBe(0);
    expect(stdout).toContain('rules: 4 of 4 reached (100.0 %)');
    expect(stdout).toContain('decoders: 2 of 3 reached (66.7 %)\n  not reached: decoder never (');
    const one = file('one.ini', GOOD_INI.slice(0, GOOD_INI.indexOf('[often]')));
    const low = await cli(['test', ...ruleset, '--coverage-threshold', '80', one]);
    expect(low.code).toBe(1);
    expect(low.stdout).toContain('coverage of rules is below 80 %: 75.0 %');
    expect((await cli(['test', ...ruleset, '--coverage-threshold', '75', one])).code).toBe(0);
  });

  it.each([
    [['--coverage-threshold', '101', 'x.ini'], 'it is a number from 0 to 100'],
    [[], "missing required argument 'path'"],
  ])('exits 2 for %j', async (args, expected) => {
    expect(await cli(['test', ...args])).toMatchObject({ code: 2, stderr: expect.stringContaining(expected) });
  });
});

const SHARED = fileURLToPath(new URL('../../../shared/conformance', import.meta.url));
const hasShared = existsSync(SHARED);
if (!hasShared) console.log('rule tests of the originals: skipped, ../shared/conformance is not there');

interface Golden {
  file: string;
  section: string;
  name: string;
  logs: string[];
  passes_upstream?: boolean;
}

function goldens(path: string): Golden[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const keyOf = (path: string, name: string, logs: readonly string[]) =>
  JSON.stringify([path.split('/').at(-1), name, logs]);

describe.skipIf(!hasShared)('rule tests of the originals', () => {
  const wazuh = join(SHARED, 'wazuh-4.14.7');
  const ossec = join(SHARED, 'ossec-4.3.0');

  test.each([
    ['wazuh', join(wazuh, 'tests')],
    ['ossec', join(ossec, 'tests')],
  ] as const)('%s: reads the cases that the original runner sees', (dialect, path) => {
    const { tests, errors } = readTests([path], dialect, 0);
    expect(errors).toEqual([]);
    const decode = (log: string) => Buffer.from(log, 'latin1').toString();
    const mine = tests.map(({ file: from, name, steps }) =>
      keyOf(
        from,
        name,
        steps.map(({ log }) => decode(log)),
      ),
    );
    const theirs = goldens(join(path, 'expected.jsonl')).map(({ file: from, section, name, logs }) =>
      keyOf(from, `${section} / ${name}`, logs),
    );
    expect(mine.sort()).toEqual(theirs.sort());
  });

  it('passes all of Wazuh with the patched and the extra files', { timeout: 120_000 }, async () => {
    const extra = readdirSync(join(wazuh, 'tests/ruleset')).filter((name) => !name.includes('geoip'));
    const args = ['--wazuh-home', join(wazuh, 'home'), '--exclude', '0575-win-base_rules.xml'];
    args.push('--rules', join(wazuh, 'tests/patched/0575-win-base_rules.xml'));
    for (const name of extra) {
      args.push(name.endsWith('_decoders.xml') ? '--decoders' : '--rules', join(wazuh, 'tests/ruleset', name));
    }
    const { code, stdout } = await cli(['test', ...args, join(wazuh, 'tests')]);
    const total = goldens(join(wazuh, 'tests/expected.jsonl')).length;
    console.log(`rule tests of wazuh: ${stdout.trim().split('\n').at(-1)}`);
    expect(stdout).toContain(`${total} tests in 72 files: ${total} passed, 0 failed`);
    expect(code).toBe(0);
  });

  it('passes and fails those of OSSEC that pass and fail upstream', { timeout: 120_000 }, async () => {
    const order = readFileSync(join(ossec, 'home/rule-order.txt'), 'utf8').split(/\s+/).filter(Boolean);
    const args = ['--dialect', 'ossec', '--decoders', join(ossec, 'home/etc/decoder.xml')];
    for (const name of order) args.push('--rules', join(ossec, 'home/etc/rules', name));
    const { stdout } = await cli(['test', ...args, join(ossec, 'tests')]);
    console.log(`rule tests of ossec: ${stdout.trim().split('\n').at(-1)}`);
    const failed = [...stdout.matchAll(/^FAIL .*\/([\w.-]+):\d+: (.*)$/gm)].map(([, from, name]) => `${from} ${name}`);
    const expected = goldens(join(ossec, 'tests/expected.jsonl')).filter(
      ({ passes_upstream: passes }) => passes === false,
    );
    expect(failed.sort()).toEqual(
      expected.map(({ file: from, section, name }) => `${from} ${section} / ${name}`).sort(),
    );
  });
});
