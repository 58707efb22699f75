import { isIPv4, isIPv6 } from 'node:net';
import { PatternError } from './types.ts';

/** Tests addresses against a list; undefined where the text is no address. */
export interface AddressTest {
  test(address: string): boolean | undefined;
}

/**
 * Compiles the values of `<srcip>` or `<dstip>`: single addresses, prefixes, `any`; in the wazuh dialect dotted masks too.
 *
 * @throws PatternError where a value is no address
 */
export function compileAddresses(values: readonly string[], dialect: 'wazuh' | 'ossec'): AddressTest {
  const entries = values.map((value) => parseEntry(value, dialect));
  return { test: dialect === 'wazuh' ? testWazuh(entries) : testOssec(entries) };
}

interface Entry {
  /** Written with `!`: OSSEC negates, Wazuh 4.14.7 loses the mark. */
  readonly negated: boolean;
  readonly any: boolean;
  /** 4 or 16 bytes each, the address already masked. */
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
}

function parseEntry(value: string, dialect: 'wazuh' | 'ossec'): Entry {
  const negated = value.startsWith('!');
  const text = negated ? value.slice(1) : value;
  if (text === 'any') return { negated, any: true, address: new Uint8Array(4), mask: new Uint8Array(4) };
  const slash = text.indexOf('/');
  const written = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(mappedToV4(written));
  if (!address) throw new PatternError(`"${value}" is no address`);
  const mask =
    slash < 0 ? prefixMask(address.length * 8, address.length) : parseMask(text.slice(slash + 1), address, dialect);
  if (!mask) throw new PatternError(`"${value}": "${text.slice(slash + 1)}" is no prefix length`);
  return { negated, any: false, address: address.map((byte, index) => byte & mask[index]!), mask };
}

/** A rule's `::ffff:10.0.0.1` means the IPv4 address. */
function mappedToV4(text: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  return mapped ? mapped[1]! : text;
}

function parseMask(text: string, address: Uint8Array, dialect: 'wazuh' | 'ossec'): Uint8Array | undefined {
  if (/^\d{1,3}$/.test(text)) {
    const bits = Number(text);
    // The original refuses `::/0`.
    if (bits > address.length * 8 || (bits === 0 && address.length === 16)) return undefined;
    return prefixMask(bits, address.length);
  }
  return dialect === 'wazuh' && address.length === 4 && isIPv4(text) ? parseAddress(text) : undefined;
}

function prefixMask(bits: number, bytes: number): Uint8Array {
  const mask = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index++) {
    const left = Math.min(8, Math.max(0, bits - index * 8));
    mask[index] = (0xff << (8 - left)) & 0xff;
  }
  return mask;
}

function testWazuh(entries: readonly Entry[]): (address: string) => boolean | undefined {
  return (text) => {
    const address = parseAddress(text);
    return address && entries.some((entry) => matchesWazuh(entry, address));
  };
}

/**
 * Of unlike families the original compares what lies in memory: an IPv4 event takes the second four bytes of an IPv6 rule
 * for the mask (so `::1` matches all of them), an IPv6 event matches an IPv4 rule that is all zeros (`0.0.0.0/0`).
 */
function matchesWazuh(entry: Entry, address: Uint8Array): boolean {
  if (entry.any) return true;
  if (entry.address.length === address.length) return matches(entry.address, entry.mask, address);
  if (address.length === 4) return matches(entry.address.subarray(0, 4), entry.address.subarray(4, 8), address);
  return entry.address.every((byte) => byte === 0) && entry.mask.every((byte) => byte === 0);
}

/** The first entry that matches decides; without one, a negated entry anywhere makes it a match. */
function testOssec(entries: readonly Entry[]): (address: string) => boolean | undefined {
  return (text) => {
    const address = parseAddress(text);
    if (!address) return undefined;
    let result = true;
    for (const entry of entries) {
      if (entry.negated) result = false;
      const sameFamily = entry.address.length === address.length;
      if (entry.any || (sameFamily && matches(entry.address, entry.mask, address))) return result;
    }
    return !result;
  };
}

function matches(expected: Uint8Array, mask: Uint8Array, address: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++) {
    if ((address[index]! & mask[index]!) !== expected[index]!) return false;
  }
  return true;
}

/** 4 or 16 bytes; undefined where the text is no address. */
function parseAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const front = parseGroups(head);
  const back = tail === undefined ? [] : parseGroups(tail);
  const zeros = new Array<number>(16 - front.length - back.length).fill(0);
  return Uint8Array.from([...front, ...zeros, ...back]);
}

/** Bytes of colon-separated groups, the last of which may be an IPv4 address. */
function parseGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
