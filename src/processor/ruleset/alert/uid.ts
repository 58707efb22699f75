import { hash } from 'node:crypto';

const BYTES = 16;
const UID_LENGTH = 36;
const HEX = Buffer.from('0123456789abcdef', 'latin1');
const DASH = 0x2d;
/** One uid as characters: made here, since joining pieces would leave a dozen of them behind. */
const scratch = Buffer.alloc(UID_LENGTH, DASH);

/**
 * Identity of an alert: the same event, rule and ruleset give the same uid, so a batch that is evaluated again after a
 * crash leads to the same alerts and a consumer may drop the copy. Shaped as a UUID (version 8: own digest).
 */
export function alertUid(eventIdentity: string, ruleId: string, rulesetFingerprint: string): string {
  const digest = hash('sha256', `${eventIdentity}\0${ruleId}\0${rulesetFingerprint}`, 'binary');
  let at = 0;
  for (let index = 0; index < BYTES; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) at++;
    let byte = digest.charCodeAt(index);
    if (index === 6) byte = 0x80 | (byte & 0x0f);
    else if (index === 8) byte = 0x80 | (byte & 0x3f);
    scratch[at++] = HEX[byte >> 4]!;
    scratch[at++] = HEX[byte & 15]!;
  }
  return scratch.toString('latin1');
}

/** The time that was asked for last, and how coarse it is: a batch often has one for all. */
let last = 1n;
let lastResolution = 0;

/**
 * The incoming time, made distinct: where it is coarser than a microsecond, the digits below its resolution come from the
 * uid, since Loki keeps only one of several entries with equal stream, time and line. Nanoseconds in and out.
 */
export function distinctTime(timeUnixNano: bigint, uid: string): bigint {
  if (timeUnixNano !== last) {
    lastResolution = resolutionOf(timeUnixNano);
    last = timeUnixNano;
  }
  return lastResolution === 0 ? timeUnixNano : timeUnixNano + BigInt(remainder(uid, lastResolution));
}

/** Nanoseconds; 0 where it is fine enough. */
function resolutionOf(timeUnixNano: bigint): number {
  if (timeUnixNano % 1_000_000n !== 0n) return 0;
  return timeUnixNano % 1_000_000_000n === 0n ? 1_000_000_000 : 1_000_000;
}

/** The number that the last 16 digits of a uid are, by `divisor`. */
function remainder(uid: string, divisor: number): number {
  let rest = 0;
  let digits = 0;
  for (let index = 19; index < UID_LENGTH; index++) {
    if (index === 23) continue;
    rest = rest * 16 + hexDigit(uid.charCodeAt(index));
    // Four digits at a time stay exact.
    if (++digits % 4 === 0) rest %= divisor;
  }
  return rest;
}

function hexDigit(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}
