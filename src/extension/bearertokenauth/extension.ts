import { hash, timingSafeEqual } from 'node:crypto';
import {
  type AuthData,
  type ClientAuthenticator,
  type RequestHeaders,
  type ServerAuthenticator,
  UnauthenticatedError,
} from '../../component/authenticator.ts';
import { ConfigError } from '../../component/errors.ts';
import type { Settings } from '../../component/host.ts';
import { isHostPattern } from '../../config/host-names.ts';
import { WatchedFile } from '../../config/watched-file.ts';
import type { BearerTokenAuthConfig } from './config.ts';

interface Token {
  readonly token: string;
  /** Absent: it may speak for any. */
  readonly hosts?: readonly string[] | undefined;
}

/** Checks or sends a token in a header. */
export class BearerTokenAuthExtension implements ServerAuthenticator, ClientAuthenticator {
  private readonly settings: Settings;
  private readonly config: BearerTokenAuthConfig;
  private file: WatchedFile<Token[]> | undefined;

  constructor(settings: Settings, config: BearerTokenAuthConfig) {
    this.settings = settings;
    this.config = config;
  }

  async start(): Promise<void> {
    const { filename } = this.config;
    if (filename !== undefined) this.file = new WatchedFile(filename, parseTokens, this.settings);
  }

  async shutdown(): Promise<void> {}

  async authenticate(headers: RequestHeaders): Promise<AuthData> {
    const { header, scheme } = this.config;
    const challenge = scheme === '' ? 'Bearer' : scheme;
    const value = headers[header.toLowerCase()];
    if (typeof value !== 'string' || value === '') throw new UnauthenticatedError(`no ${header} header`, challenge);
    const given = scheme === '' ? value : withoutScheme(value, scheme);
    const tokens = this.tokens();
    for (let index = 0; index < tokens.length; index++) {
      const { token, hosts } = tokens[index];
      if (given === undefined || !isEqual(given, token)) continue;
      return { subject: `token ${index + 1}`, ...(hosts && { hosts }) };
    }
    throw new UnauthenticatedError('the token is not known', challenge);
  }

  async clientHeaders(): Promise<Readonly<Record<string, string>>> {
    const { header, scheme } = this.config;
    const [{ token }] = this.tokens();
    return { [header]: scheme === '' ? token : `${scheme} ${token}` };
  }

  private tokens(): readonly Token[] {
    const { token, tokens } = this.config;
    if (token !== undefined) return [{ token }];
    if (tokens) return tokens.map((entry) => (typeof entry === 'string' ? { token: entry } : entry));
    if (!this.file) throw new Error(`${this.settings.id} was not started`);
    return this.file.value;
  }
}

/** The scheme's name ignores case, as HTTP says. */
function withoutScheme(value: string, scheme: string): string | undefined {
  const start = value.slice(0, scheme.length + 1).toLowerCase();
  return start === `${scheme.toLowerCase()} ` ? value.slice(scheme.length + 1).trim() : undefined;
}

/** Takes the same time whatever differs; over digests, so that lengths do not show either. */
function isEqual(given: string, token: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', token, 'buffer'));
}

function parseTokens(text: string): Token[] {
  const lines = text.split(/\r?\n/).flatMap((line) => line.trim() || []);
  const tokens = lines.map((line, index): Token => {
    const [token, names, ...rest] = line.split(/\s+/);
    if (names === undefined) return { token };
    const hosts = names.split(',');
    // The line itself is not shown: it holds the token.
    if (rest.length > 0 || !hosts.every(isHostPattern)) {
      throw new ConfigError(`entry ${index + 1}: write a token, or a token, a blank and names of hosts with commas`);
    }
    return { token, hosts };
  });
  if (tokens.length === 0) throw new ConfigError('holds no token');
  return tokens;
}
