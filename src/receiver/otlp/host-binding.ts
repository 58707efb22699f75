import type { PeerCertificate } from 'node:tls';
import type { AuthData } from '../../component/authenticator.ts';
import { namesHost } from '../../config/host-names.ts';
import { countRecords, type LogBatch } from '../../pdata/logs.ts';

/** Who sends, and the hosts it may speak for; without `hosts` for any. */
export interface Sender {
  readonly subject: string;
  readonly hosts: readonly (readonly string[])[];
}

export const ANYBODY: Sender = { subject: '', hosts: [] };

/** Whose requests are counted together: those of a credential, else those from an address. */
export function nameOfSender({ subject }: Sender, address: string | undefined): string {
  return subject === '' ? `address ${address ?? ''}` : `subject ${subject}`;
}

/** A sender that has to keep to all of what its credential and its certificate say. */
export function createSender(auth: AuthData | undefined, certificateHosts: readonly string[] | undefined): Sender {
  const hosts = [auth?.hosts, certificateHosts].filter((names) => names !== undefined);
  if (hosts.length === 0) return ANYBODY;
  return { subject: `${auth?.subject ?? ''}\0${(certificateHosts ?? []).join(',')}`, hosts };
}

/** The names of a client certificate: its DNS names, else its common name. None gives a sender that speaks for nobody. */
export function hostsOfCertificate(certificate: PeerCertificate | undefined): string[] {
  const alternative = certificate?.subjectaltname ?? '';
  const names = alternative.split(', ').flatMap((part) => (part.startsWith('DNS:') ? part.slice(4) : []));
  if (names.length > 0) return names;
  const common = certificate?.subject?.CN;
  if (Array.isArray(common)) return common;
  return typeof common === 'string' && common !== '' ? [common] : [];
}

/**
 * Takes out what speaks for a host that the sender may not speak for, also what names none: that would count as this
 * machine's own. Rules tell hosts apart by `host.id`, which nothing vouches for, so it goes under another name and the host
 * is known by its name alone. Returns the number of records that were taken out.
 */
export function enforceBinding(batch: LogBatch, sender: Sender): number {
  if (sender.hosts.length === 0) return 0;
  const before = countRecords(batch);
  batch.logs = batch.logs.filter(({ resource: { attributes } }) => {
    const name = attributes.get('host.name');
    return typeof name === 'string' && sender.hosts.every((names) => namesHost(names, name));
  });
  for (const { resource } of batch.logs) {
    const { attributes } = resource;
    const id = attributes.get('host.id');
    if (id === undefined) continue;
    attributes.delete('host.id');
    attributes.set('hids.claimed.host.id', id);
  }
  return before - countRecords(batch);
}
