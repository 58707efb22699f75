import { existsSync, readFileSync } from 'node:fs';
import { ConfigError } from '../../component/errors.ts';

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];

/**
 * Words to put before a command so that it inherits none of the capabilities this process was given. Empty where there is
 * nothing to drop: the kernel itself clears them when root starts a command as another user.
 * @throws ConfigError when there are some to drop and no `setpriv` to do it
 */
export function dropCapabilities(
  status = readStatus(),
  find: () => string | undefined = () => SETPRIV.find((path) => existsSync(path)),
): string[] {
  if (!/^CapAmb:\s*0*[1-9a-f]/m.test(status)) return [];
  const setpriv = find();
  if (setpriv === undefined) {
    throw new ConfigError(
      'this process has ambient capabilities, which commands must not inherit, and setpriv (util-linux) is not installed',
    );
  }
  return [setpriv, '--ambient-caps=-all', '--inh-caps=-all', '--no-new-privs', '--'];
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
