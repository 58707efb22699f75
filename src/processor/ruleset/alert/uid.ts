import { hash } from 'node:crypto';

/**
 * Identity of an alert: the same event, rule and ruleset give the same uid, so a batch that is evaluated again after a
 * crash leads to the same alerts and a consumer may drop the copy. Shaped as a UUID (version 8: own digest).
 */
export function alertUid(eventIdentity: string, ruleId: string, rulesetFingerprint: string): string {
  const hex = hash('sha256', `${eventIdentity}\0${ruleId}\0${rulesetFingerprint}`, 'hex');
  const variant = ((Number.parseInt(hex[16], 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * The incoming time, made distinct: where it is coarser than a microsecond, the digits below its resolution come from the
 * uid, since Loki keeps only one of several entries with equal stream, time and line. Nanoseconds in and out.
 */
export function distinctTime(timeUnixNano: bigint, uid: string): bigint {
  for (const resolution of [1_000_000_000n, 1_000_000n]) {
    if (timeUnixNano % resolution === 0n) {
      return timeUnixNano + (BigInt(`0x${uid.slice(19, 23)}${uid.slice(24)}`) % resolution);
    }
  }
  return timeUnixNano;
}
