import type { Extension } from './component.ts';

/** Who a request comes from. */
export interface AuthData {
  /** User name, or another name for the holder of the credential; never the credential. */
  subject: string;
  /** Names of the hosts it may speak for (see `config/host-names.ts`); absent: any. */
  hosts?: readonly string[];
}

/** Names in lower case, as Node gives them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** An extension that listeners ask before they read a request (`auth: { authenticator: ID }`). */
export interface ServerAuthenticator extends Extension {
  /** Rejects with UnauthenticatedError where the credential is missing or wrong. */
  authenticate(headers: RequestHeaders): Promise<AuthData>;
}

/** An extension that gives clients the headers to send; asked for every request, since credentials rotate. */
export interface ClientAuthenticator extends Extension {
  clientHeaders(): Promise<Readonly<Record<string, string>>>;
}

/** The credential is missing or wrong. The message goes to the client and says nothing of the right one. */
export class UnauthenticatedError extends Error {
  override name = 'UnauthenticatedError';
  /** Value for `WWW-Authenticate`. */
  readonly challenge: string;

  constructor(message: string, challenge: string) {
    super(message);
    this.challenge = challenge;
  }
}

export function isServerAuthenticator(extension: Extension | undefined): extension is ServerAuthenticator {
  return typeof (extension as Partial<ServerAuthenticator> | undefined)?.authenticate === 'function';
}

export function isClientAuthenticator(extension: Extension | undefined): extension is ClientAuthenticator {
  return typeof (extension as Partial<ClientAuthenticator> | undefined)?.clientHeaders === 'function';
}
