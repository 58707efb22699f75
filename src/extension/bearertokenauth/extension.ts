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
import { WatchedFile } from '../../config/watched-file.ts';
import type { BearerTokenAuthConfig } from './config.ts';

/** Checks or sends a token in a header. */
export class BearerTokenAuthExtension implements ServerAuthenticator, ClientAuthenticator {
  private readonly settings: Settings;
  private readonly config: BearerTokenAuthConfig;
  private file: WatchedFile<string[]> | undefined;

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
      if (given !== undefined && isEqual(given, tokens[index])) return { subject: `token ${index + 1}` };
    }
    throw new UnauthenticatedError('the token is not known', challenge);
  }

  async clientHeaders(): Promise<Readonly<Record<string, string>>> {
    const { header, scheme } = this.config;
    const [first] = this.tokens();
    return { [header]: scheme === '' ? first : `${scheme} ${first}` };
  }

  private tokens(): readonly string[] {
    const { token, tokens } = this.config;
    if (token !== undefined) return [token];
    if (tokens) return tokens;
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

function parseTokens(text: string): string[] {
  const tokens = text.split(/\r?\n/).flatMap((line) => line.trim() || []);
  if (tokens.length === 0) throw new ConfigError('holds no token');
  return tokens;
}
