import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { ConfigError } from '../../component/errors.ts';
import type { Account } from './account.ts';

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];
const CHECK_TIMEOUT_MS = 5000;

/** Linux capabilities by number (`linux/capability.h`); what is newer has no name here and is dropped with the others. */
const NAMES = [
  ['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap'],
  ['linux_immutable', 'net_bind_service', 'net_broadcast', 'net_admin', 'net_raw', 'ipc_lock', 'ipc_owner'],
  ['sys_module', 'sys_rawio', 'sys_chroot', 'sys_ptrace', 'sys_pacct', 'sys_admin', 'sys_boot', 'sys_nice'],
  ['sys_resource', 'sys_time', 'sys_tty_config', 'mknod', 'lease', 'audit_write', 'audit_control', 'setfcap'],
  ['mac_override', 'mac_admin', 'syslog', 'wake_alarm', 'block_suspend', 'audit_read', 'perfmon', 'bpf'],
  ['checkpoint_restore'],
].flat();
const SETPCAP = NAMES.indexOf('setpcap');

/** The name without `CAP_`, in small letters; undefined where there is no such capability. */
export function parseCapability(text: string): string | undefined {
  const name = text.toLowerCase().replace(/^cap_/, '');
  return NAMES.includes(name) ? name : undefined;
}

export interface Privileges {
  /** Words to put before the command. */
  readonly words: readonly string[];
  /** As whom it must be started; the words do it where there are any. */
  readonly account: Account;
  /** Asked for, and not had by this process. */
  readonly missing: readonly string[];
}

export interface PrivilegeOptions {
  /** Names of capabilities that the command keeps. */
  keep: readonly string[];
  account: Account;
  /** `/proc/self/status`; empty on systems that have none. */
  status?: string;
  find?: () => string | undefined;
}

/**
 * How a command is started so that it has no capability but those it was given, and can get none: root's too are taken from
 * it (bounding set), and programs with the set-user-id bit give it nothing. A process without capabilities has nothing to
 * take away.
 * @throws ConfigError when there are some to drop and no `setpriv` to do it
 */
export function limitPrivileges({
  keep,
  account,
  status = readStatus(),
  find = () => SETPRIV.find((path) => existsSync(path)),
}: PrivilegeOptions): Privileges {
  const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map((name) => readSet(status, name));
  const held = sets.reduce((all, set) => all | set, 0n);
  const has = (name: string) => (held >> BigInt(NAMES.indexOf(name))) & 1n;
  const missing = keep.filter((name) => !has(name));
  if (held === 0n) return { words: [], account, missing };
  const setpriv = find();
  if (setpriv === undefined) {
    throw new ConfigError(
      'this process has capabilities, which commands must not inherit, and setpriv (util-linux) is not installed; ' +
        'install it, or run as an ordinary user',
    );
  }
  const set = ['-all', ...keep.filter(has).map((name) => `+${name}`)].join(',');
  const words = [setpriv];
  if (account.uid !== undefined) words.push(`--reuid=${account.uid}`);
  if (account.gid !== undefined) words.push(`--regid=${account.gid}`);
  if (account.uid !== undefined || account.gid !== undefined) words.push('--clear-groups');
  if ((sets[2] >> BigInt(SETPCAP)) & 1n) words.push(`--bounding-set=${set}`);
  words.push(`--inh-caps=${set}`, `--ambient-caps=${set}`, '--no-new-privs', '--');
  return { words, account: {}, missing };
}

/**
 * Tries the words on a program that does nothing.
 * @throws ConfigError with what `setpriv` says, where they do not work here (another program of that name, a container)
 */
export function checkPrivileges(words: readonly string[]): void {
  if (words.length === 0) return;
  const [file, ...args] = words;
  try {
    execFileSync(file, [...args, '/bin/sh', '-c', ':'], {
      env: {},
      cwd: '/',
      timeout: CHECK_TIMEOUT_MS,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string };
    const [reason] = (stderr?.toString('utf8').trim() || message).split('\n');
    throw new ConfigError(`capabilities cannot be taken from commands: ${reason}`);
  }
}

function readSet(status: string, name: string): bigint {
  const digits = new RegExp(`^${name}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1];
  return digits === undefined ? 0n : BigInt(`0x${digits}`);
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
