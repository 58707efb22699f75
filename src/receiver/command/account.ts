import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ConfigError } from '../../component/errors.ts';

/** As whom a command runs; undefined members mean: as this process. */
export interface Account {
  uid?: number;
  gid?: number;
}

/**
 * Numbers of a user and a group given by name or number. Without a group it is the user's primary one; supplementary
 * groups are dropped by the system call that changes the user.
 * @throws ConfigError for unknown names, and when this process may not change to that account
 */
export function resolveAccount(user: string | number | undefined, group: string | number | undefined): Account {
  const account: Account = {};
  if (user !== undefined) {
    const entry = lookUp('passwd', user);
    if (entry === undefined && !isNumeric(user)) throw new ConfigError(`user: there is no user "${user}"`);
    account.uid = entry ? Number(entry[2]) : Number(user);
    account.gid = entry ? Number(entry[3]) : undefined;
    if (entry === undefined && group === undefined) {
      throw new ConfigError(`user: ${user} is not in the user database, so \`group\` must be given as well`);
    }
  }
  if (group !== undefined) {
    const entry = lookUp('group', group);
    if (entry === undefined && !isNumeric(group)) throw new ConfigError(`group: there is no group "${group}"`);
    account.gid = entry ? Number(entry[2]) : Number(group);
  }
  return allowed(account);
}

function allowed(account: Account): Account {
  const uid = process.geteuid?.();
  const gid = process.getegid?.();
  if (uid === 0) return account;
  const sameUser = account.uid === undefined || account.uid === uid;
  const sameGroup = account.gid === undefined || account.gid === gid;
  if (sameUser && sameGroup) return {};
  throw new ConfigError(
    `user, group: only root can run commands as another account (this process is uid ${uid}, gid ${gid}; ` +
      `asked for uid ${account.uid ?? uid}, gid ${account.gid ?? gid})`,
  );
}

/** The fields of an entry, by name or number; asks the name service when the local file does not know it. */
function lookUp(database: 'passwd' | 'group', key: string | number): string[] | undefined {
  const wanted = String(key);
  for (const line of readLines(database)) {
    const fields = line.split(':');
    if (fields[0] === wanted || fields[2] === wanted) return fields;
  }
  return undefined;
}

function* readLines(database: 'passwd' | 'group'): Iterable<string> {
  try {
    yield* readFileSync(`/etc/${database}`, 'utf8').split('\n');
  } catch {
    // The name service below may know more.
  }
  try {
    const output = execFileSync('getent', [database], { timeout: 5000, stdio: ['ignore', 'pipe', 'ignore'] });
    yield* output.toString('utf8').split('\n');
  } catch {
    // No getent on this system: the local file is all there is.
  }
}

function isNumeric(value: string | number): boolean {
  return /^\d+$/.test(String(value));
}
