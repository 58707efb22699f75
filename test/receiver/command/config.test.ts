import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resolveAccount } from '../../../src/receiver/command/account.ts';
import { dropCapabilities } from '../../../src/receiver/command/capabilities.ts';
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

describe('dropCapabilities', () => {
  const given = 'Name:\tnode\nCapAmb:\t0000000000000004\n';

  it('does nothing where there is nothing to drop', () => {
    expect(dropCapabilities('CapAmb:\t0000000000000000\n')).toEqual([]);
    expect(dropCapabilities('')).toEqual([]);
  });

  it('puts setpriv before the command', () => {
    expect(dropCapabilities(given, () => '/usr/bin/setpriv')[0]).toBe('/usr/bin/setpriv');
  });

  const canSetpriv = process.getuid?.() === 0 && existsSync('/usr/bin/setpriv');
  it.skipIf(!canSetpriv)('leaves a command none of the capabilities that a service was given', () => {
    // A program that could not be loaded as another user (a home folder closed to others) would prove nothing: sh can.
    const given = [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      '--inh-caps=+net_raw',
      '--ambient-caps=+net_raw',
    ];
    const show = ['/bin/sh', '-c', 'grep ^Cap[IPEA] /proc/self/status | cut -f2 | sort -u | tr "\\n" " "'];
    const run = (words: string[]) =>
      execFileSync('/usr/bin/setpriv', [...given, ...words])
        .toString()
        .trim();
    expect(run(show)).toBe('0000000000002000');
    const words = dropCapabilities('CapAmb:\t0000000000002000\n');
    expect(run([...words, ...show])).toBe('0000000000000000');
  });

  it('refuses where it cannot', () => {
    expect(() => dropCapabilities(given, () => undefined)).toThrow('setpriv (util-linux) is not installed');
  });
});
