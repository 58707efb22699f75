import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sqliteUri } from '../../src/storage/open.ts';
import { ROOT, readAlerts, startHids } from '../support/hids.ts';
import { startProcess, waitFor } from '../support/process.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { type CliResult, cli } from './helpers.ts';

const ME = `${userInfo().username}@${hostname()}`;

/** `list` on the store of a fresh data directory. */
function createList(folder = createTempDir()) {
  const run = (args: readonly string[], input: string | Buffer = ''): Promise<CliResult> =>
    cli(['list', ...args, '--data-dir', folder], input);
  return { folder, run, state: `sqlite://${join(folder, 'state.db')}` };
}

const RULES_WITH_LIST = `<group name="local,">
  <rule id="100300" level="5">
    <match>blocked? </match>
    <list field="user" lookup="match_key">etc/lists/users</list>
    <description>A user of the list.</description>
  </rule>
</group>
`;
const DECODER = `<decoder name="asked"><prematch>^blocked? </prematch></decoder>
<decoder name="asked"><parent>asked</parent><regex offset="after_parent">^(\\S+)</regex><order>user</order></decoder>
`;

describe('logtest', () => {
  it('reads lists of the store, and says so where it cannot', async () => {
    const { folder, run } = createList();
    const path = (name: string) => join(folder, name);
    writeFileSync(path('rules.xml'), RULES_WITH_LIST, { mode: 0o600 });
    writeFileSync(path('decoders.xml'), DECODER, { mode: 0o600 });
    const uri = sqliteUri(path('state.db'));
    const config = `extensions: { keyv_storage: { uri: "${uri}" } }
receivers: { otlp: { protocols: { http: } } }
processors: { ruleset: { starter: true, rules: [ rules.xml ], decoders: [ decoders.xml ], lists: { etc/lists/users: "keyv:users" } } }
exporters: { debug: }
service: { pipelines: { logs: { receivers: [otlp], processors: [ruleset], exporters: [debug] } } }
`;
    writeFileSync(path('config.yaml'), config, { mode: 0o600 });
    const logtest = () =>
      cli(['logtest', '--json', '--config', path('config.yaml')], 'blocked? grün\nblocked? other\n');
    const before = await logtest();
    expect(before.stderr).toContain(
      'list etc/lists/users (keyv:users) is taken as empty: there is no store at sqlite:',
    );
    expect(before.stdout).not.toContain('100300');
    await run(['set', 'users', 'grün', 'x']);
    const { code, stdout, stderr } = await logtest();
    expect([code, stderr]).toEqual([0, '']);
    const rules = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { rule?: { id: string } }).rule?.id);
    expect(rules).toEqual(['100300', undefined]);
    writeFileSync(path('config.yaml'), config.replace(uri, 'redis://me:sEcReT@127.0.0.1:1'), { mode: 0o600 });
    const away = await logtest();
    expect(away.stderr).toMatch(/is taken as empty: redis:\/\/127\.0\.0\.1:1: cannot connect/);
    expect(away.stderr).not.toContain('sEcReT');
  });
});

describe('list', () => {
  it('sets, gets and deletes keys, and says what it did, where and who it was', async () => {
    const { run, state } = createList();
    const done = (text: string) => ({ code: 0, stdout: '', stderr: `list blocked in ${state}: ${text}\n` });
    expect(await run(['set', 'blocked', '10.0.0.1', 'red'])).toEqual(done('1 added, 0 removed'));
    expect(await run(['set', 'blocked', '10.0.0.1', 'red'])).toEqual(done('nothing to change'));
    expect(await run(['set', 'blocked', '10.0.0.1', 'green'])).toEqual(done('1 added, 1 removed'));
    expect(await run(['set', 'blocked', 'fe80::1'])).toEqual(done('1 added, 0 removed'));
    expect(await run(['get', 'blocked', '10.0.0.1'])).toEqual({ code: 0, stdout: 'green\n', stderr: '' });
    const about = await run(['get', 'blocked']);
    expect(about.stdout).toMatch(/^2 entries, changed 20\d\d-.*Z by /);
    expect(about.stdout).toContain(`by ${ME}\n`);
    expect(await run(['del', 'blocked', 'fe80::1', '10.0.0.1'])).toEqual(done('0 added, 2 removed'));
    expect(await run(['get', 'blocked', '10.0.0.1'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('has no key "10.0.0.1"'),
    });
  });

  it('imports what a file says, all of it and nothing else, and exports what reads the same', async () => {
    const { run, folder } = createList();
    await run(['set', 'blocked', 'old', 'x']);
    const file = join(folder, 'blocked.txt');
    writeFileSync(file, '10.0.0.:net\n"fe80::1":v6\nnonsense\ngrün:"a:b"\nempty:\n10.0.0.:again\n');
    const imported = await run(['import', 'blocked', file]);
    expect(imported.code).toBe(0);
    expect(imported.stderr).toContain(`${file}:3: line has no colon`);
    expect(imported.stderr).toContain(`${file}:6: key "10.0.0." is there already`);
    expect(imported.stderr).toMatch(/: 4 added, 1 removed\n$/);
    const exported = await run(['export', 'blocked']);
    expect(exported).toEqual({
      code: 0,
      stdout: '10.0.0.:net\nempty:\n"fe80::1":v6\ngrün:a:b\n',
      stderr: '',
    });
    expect((await run(['import', 'copy', '-'], exported.stdout)).stderr).toMatch(/: 4 added, 0 removed\n$/);
    expect((await run(['export', 'copy'])).stdout).toBe(exported.stdout);
    expect((await run(['import', 'copy', '-', '--merge'], 'new:1\nempty:\n')).stderr).toMatch(
      /: 1 added, 0 removed\n$/,
    );
    const ossec = await run(['export', 'blocked', '--dialect', 'ossec']);
    expect(ossec).toMatchObject({ code: 1, stderr: expect.stringContaining('"fe80::1" cannot stand in a CDB list') });
  });

  it.each([
    ['an import without entries', ['import', 'b', '-'], '', 'holds no entry; say --allow-empty'],
    ['bytes that are no text', ['import', 'b', '-'], Buffer.from('a:1\nb:\xff\n', 'latin1'), '-:2: this is not UTF-8'],
    ['a file that is not there', ['import', 'b', '/no/such/file'], '', "ENOENT: no such file or directory, open '/no/"],
    ['a quote', ['set', 'b', 'a"b'], '', 'hold no quotes, line breaks'],
    ['a line break', ['set', 'b', 'a', 'x\ny'], '', 'hold no quotes, line breaks'],
    ['a name that is none', ['set', '../b', 'a'], '', '"../b" is no name of a list'],
  ])('refuses %s, and changes nothing', async (_, args, input, message) => {
    const { run } = createList();
    await run(['set', 'b', 'kept', '1']);
    expect(await run(args, input)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(message) });
    expect((await run(['export', 'b'])).stdout).toBe('kept:1\n');
  });

  it('reads nothing where there is no store, and makes none', async () => {
    const { run, folder } = createList(join(createTempDir(), 'none'));
    for (const args of [
      ['get', 'b', 'k'],
      ['export', 'b'],
    ]) {
      expect(await run(args)).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no store at') });
    }
    expect(statSync(folder, { throwIfNoEntry: false })).toBeUndefined();
    await run(['set', 'b', 'k']);
    expect(statSync(join(folder, 'state.db')).mode & 0o777).toBe(0o600);
  });

  it('finds the store of a configuration', async () => {
    const { folder, run } = createList();
    const [one, two] = ['one', 'two'].map((name) => sqliteUri(join(folder, `${name}.db`)));
    const file = join(folder, 'config.yaml');
    const write = (rulesets: string) => {
      writeFileSync(
        file,
        `extensions: { keyv_storage/one: { uri: "${one}" }, keyv_storage/two: { uri: "${two}" } }
receivers: { otlp: { protocols: { http: } } }
processors: { ${rulesets} }
exporters: { debug: }
service: { pipelines: { logs: { receivers: [otlp], processors: [ruleset], exporters: [debug] } } }
`,
        { mode: 0o600 },
      );
    };
    const set = async (key: string, ...more: string[]) =>
      (await run(['set', 'b', key, '--config', file, ...more])).stderr;
    write('ruleset: ');
    expect(await set('a')).toContain('one.db: 1 added');
    write('ruleset: { storage: keyv_storage/two }');
    expect(await set('b')).toContain('two.db: 1 added');
    expect(await set('c', '--storage', 'keyv_storage/one')).toContain('one.db: 1 added');
    expect(await set('c', '--storage', 'keyv_storage/x')).toContain('"keyv_storage/x" is no storage extension');
    expect(await set('c', '--store', one)).toContain('--store and --config both name a store');
    write('ruleset: { storage: keyv_storage/two }, ruleset/b: ');
    expect(await set('d')).toContain('several stores; say which');
    expect((await cli(['list', 'export', 'b', '--store', one])).stdout).toBe('a:\nc:\n');
  });

  it.each([
    ['memory:', 'it holds no lists'],
    ['mysql://root:secret@host/db', 'unknown scheme mysql://'],
    ['redis://:secret@127.0.0.1:1', 'cannot connect'],
  ])('says what is wrong with --store %s', async (uri, message) => {
    const result = await cli(['list', 'set', 'b', 'k', '--store', uri]);
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(result.stderr).not.toContain('secret');
  });
});

const RULES = `<group name="local,">
  <rule id="100100" level="7">
    <if_sid>5710</if_sid>
    <list field="srcip" lookup="address_match_key_value" check_value="red">etc/lists/blocked</list>
    <description>Blocked address.</description>
  </rule>
</group>
`;
const LATER =
  '<group name="local,"><rule id="100200" level="8"><match>^later</match><description>later</description></rule></group>\n';

describe('a running process', () => {
  it('takes over a list that another process edits, and rules that are changed; refuses broken ones', async () => {
    const folder = createTempDir();
    const path = (name: string) => join(folder, name);
    const [log, alerts, dataDir] = [path('auth.log'), path('alerts.json'), path('data')];
    mkdirSync(path('rules'));
    const put = (name: string, text: string) => {
      writeFileSync(path('new'), text, { mode: 0o600 });
      renameSync(path('new'), path(name));
    };
    put('rules/local.xml', RULES);
    writeFileSync(log, '');
    put(
      'config.yaml',
      `receivers: { file_log: { include: [ ${log} ], start_at: beginning, poll_interval: 100ms } }
processors: { ruleset: { starter: true, rules: [ rules ], lists: { etc/lists/blocked: "keyv:blocked" }, list_poll_interval: 1 } }
exporters: { file: { path: ${alerts}, format: wazuh_json } }
service: { pipelines: { logs: { receivers: [file_log], processors: [ruleset], exporters: [file] } } }
`,
    );
    const hids = await startHids(path('config.yaml'), { dataDir });
    onTestFinished(async () => {
      await hids.stop();
    });
    const list = async (...args: string[]) => {
      const command = [join(ROOT, 'src/cli/main.ts'), 'list', ...args, '--data-dir', dataDir];
      const edit = startProcess(process.execPath, command);
      await waitFor('the edit', () => edit.child.exitCode ?? undefined, { process: edit });
      expect(edit.output()).toMatch(/1 added, 0 removed/);
    };
    const until = (what: string, isIt: (alert: Alert) => boolean) =>
      waitFor(what, () => (readAlerts(alerts) as unknown as Alert[]).find(isIt), { process: hids });
    const append = (text: string) => writeFileSync(log, `${text}\n`, { flag: 'a' });
    const attempt = (ip: string) => append(`Dec 10 01:02:02 box sshd[1]: Invalid user bob from ${ip} port 51514`);

    attempt('203.0.113.9');
    await until('the stock rule', (alert) => alert.rule.id === '5710');
    await list('set', 'blocked', '203.0.113.9', 'red');
    const change = await until('the change', (alert) => alert.rule.id === '199064');
    expect(change.full_log).toBe(`otel-hids: list changed: subject='etc/lists/blocked' added=1 removed=0 by=${ME}`);
    attempt('203.0.113.9');
    await until('the list', (alert) => alert.rule.id === '100100');

    put(
      'rules/later.xml',
      '<group name="x,"><rule id="100200" level="8"><nonsense/><description>x</description></rule></group>',
    );
    const refused = await until('the refusal', (alert) => alert.rule.id === '199063');
    expect(refused.full_log).toMatch(
      /reload refused: subject='ruleset' errors=1\n.*later\.xml:1:\d+: fatal\[.*nonsense/,
    );
    put('rules/later.xml', LATER);
    await until('the reload', (alert) => alert.rule.id === '199062');
    append('later');
    await until('the new rule', (alert) => alert.rule.id === '100200');
    attempt('203.0.113.9');
    await waitFor(
      'the list again',
      () => readAlerts(alerts).filter((alert) => (alert as unknown as Alert).rule.id === '100100')[1],
    );
    expect(await hids.stop()).toBe(0);
    expect(readFileSync(log, 'utf8').split('\n')).toHaveLength(5);
  }, 60_000);
});

interface Alert {
  rule: { id: string };
  full_log: string;
}
