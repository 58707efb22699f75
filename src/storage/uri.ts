import { ConfigError } from '../component/errors.ts';

/** Where a store is. `shown` is for messages: it holds no credential. */
export type StoreLocation =
  | { kind: 'memory'; shown: string }
  | { kind: 'sqlite'; path: string; shown: string }
  | { kind: 'redis' | 'valkey' | 'postgres'; uri: string; shown: string };

const REMOTE: Record<string, { kind: 'redis' | 'valkey' | 'postgres'; protocol: string }> = {
  'redis:': { kind: 'redis', protocol: 'redis:' },
  'rediss:': { kind: 'redis', protocol: 'rediss:' },
  'valkey:': { kind: 'valkey', protocol: 'redis:' },
  'valkeys:': { kind: 'valkey', protocol: 'rediss:' },
  'postgres:': { kind: 'postgres', protocol: 'postgres:' },
  'postgresql:': { kind: 'postgres', protocol: 'postgres:' },
};
const FORMS =
  'sqlite:///path/to/state.db, redis://, rediss://, valkey://, valkeys://, postgres://, or memory: for trials';

/**
 * @throws ConfigError that says what is wrong and repeats nothing that may be secret
 */
export function parseStoreUri(uri: string): StoreLocation {
  const scheme = /^([a-z][a-z0-9+.-]*:)/i.exec(uri)?.[1].toLowerCase();
  if (scheme === undefined) {
    const help = uri.startsWith('/') ? `; a file is written sqlite://${uri}` : '';
    throw new ConfigError(`uri: the store needs a scheme${help}; known are ${FORMS}`);
  }
  if (scheme === 'memory:') {
    if (uri.length > 'memory:'.length) throw new ConfigError('uri: memory: takes nothing after the colon');
    return { kind: 'memory', shown: 'memory:' };
  }
  const remote = REMOTE[scheme];
  if (scheme !== 'sqlite:' && !remote) throw new ConfigError(`uri: unknown scheme ${scheme}//; known are ${FORMS}`);
  const url = parseUrl(uri, scheme);
  return remote ? parseRemote(url, remote) : parseSqlite(url);
}

/** The URI without user, password and parameters. */
export function redactUri(uri: string): string {
  const url = URL.parse(uri);
  if (!url) return `${/^[a-z][a-z0-9+.-]*:/i.exec(uri)?.[0] ?? ''}<not a valid URI>`;
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function parseUrl(uri: string, scheme: string): URL {
  const url = URL.parse(uri);
  // What URL.parse throws holds the whole text, so it must not get into a message.
  if (!url) {
    throw new ConfigError(
      `uri: ${scheme}//... is no valid URI; a password with special characters must be percent-encoded`,
    );
  }
  if (!uri.slice(scheme.length).startsWith('//')) {
    throw new ConfigError(`uri: write ${scheme}//... with two slashes${scheme === 'sqlite:' ? ' and the path' : ''}`);
  }
  return url;
}

function parseSqlite(url: URL): StoreLocation {
  if (url.host !== '') {
    throw new ConfigError(
      `uri: write the path with three slashes: sqlite:///${url.host}${url.pathname} (it must be absolute)`,
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw new ConfigError('uri: sqlite takes no parameters; percent-encode ? and # in a path');
  }
  let path: string;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    throw new ConfigError(`uri: ${url.pathname} has a % that starts no percent-encoding; write it as %25`);
  }
  if (path === '' || path.endsWith('/')) throw new ConfigError('uri: sqlite needs a file: sqlite:///path/to/state.db');
  return { kind: 'sqlite', path, shown: `sqlite://${url.pathname}` };
}

function parseRemote(url: URL, remote: (typeof REMOTE)[string]): StoreLocation {
  const shown = `${url.protocol}//${url.host}${url.pathname}`;
  if (url.host === '' && remote.kind !== 'postgres') {
    throw new ConfigError(`uri: ${url.protocol}// needs a host: ${url.protocol}//localhost:6379`);
  }
  // A plain replacement: setting `protocol` on a URL is refused between these schemes.
  return { kind: remote.kind, uri: url.href.replace(url.protocol, remote.protocol), shown };
}
