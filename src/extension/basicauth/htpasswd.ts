import { ConfigError } from '../../component/errors.ts';
import { createPasswordCheck, type PasswordCheck } from './password-hash.ts';

/** Users and how their passwords are checked. Empty lines and lines that start with `#` mean nothing. */
export function parseHtpasswd(text: string): Map<string, PasswordCheck> {
  const users = new Map<string, PasswordCheck>();
  text.split(/\r?\n/).forEach((line, index) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return;
    const colon = trimmed.indexOf(':');
    if (colon < 1) throw new ConfigError(`line ${index + 1} of the htpasswd is not user:hash`);
    const check = createPasswordCheck(trimmed.slice(colon + 1));
    if (typeof check === 'string') throw new ConfigError(`line ${index + 1} of the htpasswd: ${check}`);
    users.set(trimmed.slice(0, colon), check);
  });
  return users;
}
