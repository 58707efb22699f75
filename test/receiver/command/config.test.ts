import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resolveAccount } from '../../../src/receiver/command/account.ts';
import { checkPrivileges, limitPrivileges } from '../../../src/receiver/command/capabilities.ts';
import { aliasOf, commandSchema, intervalOf, jitterOf } from '../../../src/receiver/command/config.ts';
import { commandReceiverFactory } from '../../../src/receiver/command/factory.ts';
import { createReceiver } from './helpers.ts';

function parse(config: object) {
  return commandSchema.parse({ command: 'w', ...config });
}

function problems(config: object): string[] {
  const result = commandSchema.safeParse({ command: 'w', ...config });
  return (result.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

describe('command configuration', () => {
  it('has the documented defaults', () => {
    const config = parse({});
    expect(config).toEqual({
      command: 'w',
      format: 'full_command',
      initial_delay: 0,
      timeout: 30_000,
      kill_grace: 5000,
      max_output: 65_024,
      stderr: 'event',
      max_stderr: 4096,
      capabilities: [],
      cwd: '/',
      env: {},
      normalize: { trim: false, ignore: [], sort: false },
      report_interval: 3_600_000,
    });
    expect(intervalOf(config)).toBe(360_000);
    expect(jitterOf(config)).toBe(2000);
    expect(commandReceiverFactory.type).toBe('command');
  });

  it.each([
    [{ interval: '5m' }, 300_000],
    [{ interval: 'hourly' }, 3_600_000],
    [{ interval: 'daily' }, 86_400_000],
    [{ frequency: 360 }, 360_000],
    [{ frequency: '360' }, 360_000],
    [{ frequency: '1m30s' }, 90_000],
    [{ frequency: 'daily' }, 86_400_000],
  ])('reads the interval of %j', (config, ms) => {
    expect(intervalOf(parse(config))).toBe(ms);
  });

  it('keeps the default jitter small against the interval', () => {
    expect(jitterOf(parse({ interval: '5s' }))).toBe(500);
    expect(jitterOf(parse({ interval: '5s', jitter: '1m' }))).toBe(60_000);
  });

  it.each([
    [{ alias: 'a b' }, 'a b'],
    [{ command: ' df -P\n' }, 'df -P'],
    [{ command: 'a |\n  b\n' }, 'a | b'],
    [{ command: ['/bin/ls', '-l', '/a b'] }, '/bin/ls -l /a b'],
  ])('names the output of %j', (config, alias) => {
    expect(aliasOf(parse(config))).toBe(alias);
  });

  it('makes text of variables', () => {
    expect(parse({ env: { A: 1, B: true, C: 'x' } }).env).toEqual({ A: '1', B: 'true', C: 'x' });
  });

  it.each([
    [{ interval: 360 }, 'interval: "360" is no duration; write it as 360s, 5m, 1h, hourly or daily'],
    [{ interval: '1s', frequency: 1 }, 'frequency: interval and frequency are the same setting; give one of them'],
    [{ interval: '0s' }, 'interval: must be 100ms or longer'],
    [{ timeout: '0s' }, 'timeout: a command needs a timeout'],
    [{ command: '' }, 'command: Too small'],
    [{ command: [] }, 'command: Too small'],
    [{ command: [''] }, 'command.0: the program has no name'],
    [{ command: 'a\0b' }, 'command: must not contain a NUL byte'],
    [{ alias: 'a\nb' }, 'alias: must be one line without control characters'],
    [{ env: { 'A=B': 'x' } }, 'env.A=B: Invalid key in record'],
    [{ normalize: { ignore: ['('] } }, 'normalize.ignore.0: Invalid regular expression: /(/u: Unterminated group'],
    [{ capabilities: ['CAP_FLY'] }, 'capabilities.0: "CAP_FLY" is no Linux capability'],
    [{ freqency: 1 }, ': Unrecognized key: "freqency"'],
  ])('refuses %j', (config, problem) => {
    expect(problems(config)).toContainEqual(expect.stringContaining(problem));
  });
});

describe('accounts', () => {
  it('knows users and groups by name and number', () => {
    if (process.getuid?.() !== 0) return expect(() => resolveAccount('root', undefined)).toThrow('only root');
    expect(resolveAccount('root', undefined)).toEqual({ uid: 0, gid: 0 });
    expect(resolveAccount(0, 12345)).toEqual({ uid: 0, gid: 12345 });
    expect(resolveAccount(undefined, 'root')).toEqual({ gid: 0 });
  });

  it.each([
    ['no-such-user-here', undefined, 'there is no user "no-such-user-here"'],
    [undefined, 'no-such-group-here', 'there is no group "no-such-group-here"'],
    [4_000_000_001, undefined, '`group` must be given as well'],
  ])('refuses user %s, group %s', (user, group, message) => {
    expect(() => resolveAccount(user, group)).toThrow(message);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'runs a command as another user, without our groups and capabilities',
    async () => {
      const command = 'id -u; id -G; grep -E "^Cap(Inh|Prm|Eff|Amb)" /proc/self/status | cut -f2 | sort -u';
      const { receiver, intake, host } = createReceiver({ command, alias: 'x', user: 'nobody', group: 54321 });
      await receiver.start(host);
      const [record] = await intake.waitForRecords(1);
      await receiver.shutdown();
      const uid = resolveAccount('nobody', undefined).uid;
      expect(record.body).toBe(`ossec: output: 'x':\n${uid}\n54321\n0000000000000000`);
    },
  );

  it('fails to start when the account cannot be had', async () => {
    const { receiver, host } = createReceiver({ command: 'id', user: 'no-such-user-here' });
    await expect(receiver.start(host)).rejects.toThrow('command/test: user: there is no user "no-such-user-here"');
    await receiver.shutdown();
  });
});

describe('capabilities', () => {
  const given = 'Name:\tnode\nCapInh:\t04\nCapPrm:\t04\nCapEff:\t04\nCapAmb:\t0000000000000004\n';
  const account = { uid: 7, gid: 8 };
  const find = () => '/usr/bin/setpriv';

  it.each([['CapInh:\t00\nCapPrm:\t00\nCapEff:\t00\nCapAmb:\t0000000000000000\n'], ['']])(
    'are not touched where there are none (%j)',
    (status) => {
      expect(limitPrivileges({ keep: ['kill'], account, status })).toEqual({ words: [], account, missing: ['kill'] });
    },
  );

  it('are dropped but for those to keep, together with the account', () => {
    const keep = ['dac_read_search', 'sys_ptrace'];
    expect(limitPrivileges({ keep, account, status: given, find })).toEqual({
      words: [
        '/usr/bin/setpriv',
        '--reuid=7',
        '--regid=8',
        '--clear-groups',
        '--inh-caps=-all,+dac_read_search',
        '--ambient-caps=-all,+dac_read_search',
        '--no-new-privs',
        '--',
      ],
      account: {},
      missing: ['sys_ptrace'],
    });
    const root = 'CapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\n';
    expect(limitPrivileges({ keep: [], account: {}, status: root, find }).words).toContain('--bounding-set=-all');
  });

  it('refuses where it cannot', () => {
    const without = () => limitPrivileges({ keep: [], account, status: given, find: () => undefined });
    expect(without).toThrow('setpriv (util-linux) is not installed');
    expect(() => checkPrivileges(['/bin/sh', '-c', 'echo no such option >&2; exit 1'])).toThrow(
      'capabilities cannot be taken from commands: no such option',
    );
    expect(() => checkPrivileges([])).not.toThrow();
  });
});

const canSetpriv = process.getuid?.() === 0 && existsSync('/usr/bin/setpriv');

describe.skipIf(!canSetpriv)('privileges of a command', () => {
  const show = 'grep -E "^(Uid|Cap|NoNew)" /proc/self/status | tr -s "\\t" " "';
  const none = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => `${name}: 0000000000000000`);

  async function runOnce(config: object): Promise<string[]> {
    const { receiver, intake, host } = createReceiver({ command: show, alias: 'x', ...config });
    await receiver.start(host);
    const [record] = await intake.waitForRecords(1);
    await receiver.shutdown();
    return String(record.body).split('\n').slice(1);
  }

  it('root: none, and none to be had', async () => {
    expect(await runOnce({})).toEqual(['Uid: 0 0 0 0', ...none, 'NoNewPrivs: 1']);
  });

  it('another user: none, and none to be had', async () => {
    expect(await runOnce({ user: 65534, group: 65534 })).toEqual([
      'Uid: 65534 65534 65534 65534',
      ...none,
      'NoNewPrivs: 1',
    ]);
  });

  it.each([[{}], [{ user: 65534, group: 65534 }]])('those it was given, %j', async (config) => {
    const found = await runOnce({ ...config, capabilities: ['CAP_SYS_PTRACE', 'dac_read_search'] });
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd']) expect(found).toContain(`${set}: 0000000000080004`);
  });

  it('a service that was given one to read logs does not hand it on', () => {
    // A program that could not be loaded as another user (a home folder closed to others) would prove nothing: sh can.
    const service = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=+dac_read_search'];
    service.push('--ambient-caps=+dac_read_search');
    const run = (words: readonly string[]) =>
      execFileSync('/usr/bin/setpriv', [...service, ...words, '/bin/sh', '-c', show])
        .toString()
        .trim()
        .split('\n');
    expect(run([])).toContain('CapEff: 0000000000000004');
    const status = 'CapInh:\t04\nCapPrm:\t04\nCapEff:\t04\nCapAmb:\t04\n';
    const found = run(limitPrivileges({ keep: [], account: {}, status }).words);
    for (const line of none.filter((text) => !text.startsWith('CapBnd'))) expect(found).toContain(line);
    expect(found).toContain('NoNewPrivs: 1');
  });
});
