import { ServerCredentials } from '@grpc/grpc-js';
import type { ReloadingTls, ServerTls } from './tls-reload.ts';

/** Server credentials that follow a certificate when it is read again. */
export class ReloadingServerCredentials extends ServerCredentials {
  constructor(tls: ReloadingTls) {
    super({ requestCert: tls.current.requestCert, rejectUnauthorized: true }, contextOf(tls.current));
    tls.onChange((changed) => this.updateSecureContextOptions(contextOf(changed)));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf({ requestCert: _, ...context }: ServerTls) {
  return context;
}
