import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
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
import type { BasicAuthConfig } from './config.ts';
import { parseHtpasswd } from './htpasswd.ts';
import type { PasswordCheck } from './password-hash.ts';

const CHALLENGE = 'Basic realm="otel-hids", charset="UTF-8"';
/** Credentials that were found right, by digest: the hashes are made to be slow. */
const MAX_REMEMBERED = 1000;
/** The work of some hashes grows with the square of the length. */
const MAX_PASSWORD_LENGTH = 256;
/** Checks that may wait for their turn: who tries passwords must not keep the process from its work. */
const MAX_WAITING = 16;

type Users = ReadonlyMap<string, PasswordCheck>;

/** Checks user and password against an htpasswd, or sends them. */
export class BasicAuthExtension implements ServerAuthenticator, ClientAuthenticator {
  private readonly settings: Settings;
  private readonly config: BasicAuthConfig;
  private inline: Users = new Map();
  private file: WatchedFile<Users> | undefined;
  private username: () => string = () => this.notStarted();
  private password: () => string = () => this.notStarted();
  private turn: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private readonly remembered = new Map<string, { check: PasswordCheck; user: string }>();

  constructor(settings: Settings, config: BasicAuthConfig) {
    this.settings = settings;
    this.config = config;
  }

  async start(): Promise<void> {
    const { htpasswd, client_auth: client } = this.config;
    if (htpasswd?.inline !== undefined) this.inline = this.parseInline(htpasswd.inline);
    if (htpasswd?.file !== undefined) this.file = new WatchedFile(htpasswd.file, parseHtpasswd, this.settings);
    if (client) {
      this.username = this.valueOf(client.username, client.username_file);
      this.password = this.valueOf(client.password, client.password_file);
    }
  }

  async shutdown(): Promise<void> {}

  async authenticate(headers: RequestHeaders): Promise<AuthData> {
    const { authorization } = headers;
    const encoded =
      typeof authorization === 'string' ? /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization)?.[1] : undefined;
    if (encoded === undefined) throw new UnauthenticatedError('no user and password', CHALLENGE);
    const bytes = Buffer.from(encoded, 'base64');
    // Only the one way of writing them that encoders use.
    if (bytes.toString('base64') !== encoded) throw new UnauthenticatedError('no user and password', CHALLENGE);
    const text = bytes.toString('utf8');
    const colon = text.indexOf(':');
    const user = text.slice(0, Math.max(0, colon));
    const check = this.inline.get(user) ?? this.file?.value.get(user);
    if (colon < 1 || check === undefined) throw new UnauthenticatedError('user or password is wrong', CHALLENGE);
    const key = hash('sha256', encoded, 'base64');
    const known = this.remembered.get(key);
    if (known?.check === check && known.user === user) return this.dataOf(user);
    const password = text.slice(colon + 1);
    if (password.length > MAX_PASSWORD_LENGTH || !(await this.inTurn(() => check(password))))
      throw new UnauthenticatedError('user or password is wrong', CHALLENGE);
    if (this.remembered.size >= MAX_REMEMBERED) this.remembered.clear();
    this.remembered.set(key, { check, user });
    return this.dataOf(user);
  }

  /** One check at a time, and other work between two of them. */
  private async inTurn(work: () => boolean | Promise<boolean>): Promise<boolean> {
    if (this.waiting >= MAX_WAITING) throw new UnauthenticatedError('too many attempts at a time', CHALLENGE);
    this.waiting++;
    const turn = this.turn.then(async () => {
      await setImmediate();
      return work();
    });
    this.turn = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.waiting--;
    }
  }

  private dataOf(user: string): AuthData {
    const { hosts } = this.config;
    return Object.hasOwn(hosts, user) ? { subject: user, hosts: hosts[user] } : { subject: user };
  }

  async clientHeaders(): Promise<Readonly<Record<string, string>>> {
    if (!this.config.client_auth) throw new ConfigError(`${this.settings.id}: a client needs client_auth`);
    const credentials = Buffer.from(`${this.username()}:${this.password()}`).toString('base64');
    return { Authorization: `Basic ${credentials}` };
  }

  private parseInline(text: string): Users {
    try {
      return parseHtpasswd(text);
    } catch (cause) {
      throw new ConfigError(`${this.settings.id}: htpasswd.inline: ${(cause as Error).message}`, { cause });
    }
  }

  private valueOf(value: string | undefined, file: string | undefined): () => string {
    if (file === undefined) return () => value ?? '';
    const watched = new WatchedFile(file, (text) => text.replace(/\r?\n$/, ''), this.settings);
    return () => watched.value;
  }

  private notStarted(): never {
    throw new Error(`${this.settings.id} was not started`);
  }
}
