import { PatternError } from '../types.ts';
import { type Address, mappedIpv4, maskWords, parseAddress, parseIpv4, parseIpv6 } from './parse.ts';

export interface AddressPattern {
  /** Contents of the rule's `srcip` (or `dstip`) elements, in order; an event matches when one of them does. */
  readonly values: readonly string[];
  readonly dialect: 'wazuh' | 'ossec';
  readonly compat: 'default' | 'strict';
}

/** Addresses and networks that a rule names. */
export interface AddressSet {
  /** Undefined where the text is no address. */
  test(address: string): boolean | undefined;
}

/**
 * Reads `any`, IPv4, IPv4/bits, IPv4/mask (Wazuh), IPv6, IPv6/bits and `::ffff:` forms.
 *
 * In strict mode an address of one family meets a network of the other as in the Wazuh original, which compares the bytes
 * of a union: `::1` so matches every IPv4 address. By default families do not mix, and an IPv4-mapped address counts as
 * the IPv4 address it holds. OSSEC honours a leading `!`, Wazuh reads it and forgets it.
 *
 * @throws PatternError naming the value
 */
export function compileAddresses({ values, dialect, compat }: AddressPattern): AddressSet {
  const networks = values.map((value) => parseNetwork(value, dialect));
  if (dialect === 'ossec') return new SignedNetworks(networks);
  return new Networks(networks, compat === 'strict');
}

interface Network {
  readonly negated: boolean;
  /** Everything that is an address. */
  readonly any: boolean;
  readonly family: 4 | 6;
  /** Already masked. */
  readonly words: readonly number[];
  readonly mask: readonly number[];
}

function parseNetwork(value: string, dialect: 'wazuh' | 'ossec'): Network {
  const negated = value.startsWith('!');
  const text = negated ? value.slice(1) : value;
  if (text === 'any') return { negated, any: true, family: 4, words: [0], mask: [0] };
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const suffix = slash < 0 ? undefined : text.slice(slash + 1);
  const mapped = /^::ffff:(?=[\d.]+$)/i.test(host) ? host.slice(7) : host;
  const address = parseIpv4(mapped) ?? parseIpv6(host);
  const mask = address && parseMask(address, suffix, dialect);
  if (!address || !mask) throw new PatternError(`"${value}" is not an address or network${hintFor(value)}`);
  const words = address.words.map((word, i) => (word & mask[i]!) >>> 0);
  return { negated, any: false, family: address.family, words, mask };
}

function parseMask(address: Address, suffix: string | undefined, dialect: 'wazuh' | 'ossec'): number[] | undefined {
  const bits = address.family === 4 ? 32 : 128;
  if (suffix === undefined) return maskWords(bits, bits / 32);
  if (/^(0|[1-9]\d{0,2})$/.test(suffix)) {
    const count = Number(suffix);
    // The originals know no network of all IPv6 addresses.
    const least = address.family === 4 ? 0 : 1;
    return count >= least && count <= bits ? maskWords(count, bits / 32) : undefined;
  }
  return address.family === 4 && dialect === 'wazuh' ? parseIpv4(suffix)?.words.slice() : undefined;
}

function hintFor(value: string): string {
  if (/[|,\s]/.test(value)) return '; several addresses need one element each';
  return '';
}

class Networks implements AddressSet {
  readonly #networks: readonly Network[];
  readonly #mixes: boolean;

  constructor(networks: readonly Network[], mixes: boolean) {
    this.#networks = networks;
    this.#mixes = mixes;
  }

  test(text: string): boolean | undefined {
    const address = parseAddress(text);
    if (!address) return undefined;
    const subject = this.#mixes ? address : (mappedIpv4(address) ?? address);
    for (const network of this.#networks) {
      if (contains(network, subject)) return true;
      if (this.#mixes && network.family !== subject.family && containsAcrossFamilies(network, subject)) return true;
    }
    return false;
  }
}

/** OSSEC: the first entry that holds the address decides by its sign; without one the last entry's sign does. */
class SignedNetworks implements AddressSet {
  readonly #networks: readonly Network[];

  constructor(networks: readonly Network[]) {
    this.#networks = networks;
  }

  test(text: string): boolean | undefined {
    const address = parseAddress(text);
    if (!address) return undefined;
    const subject = mappedIpv4(address) ?? address;
    for (const network of this.#networks) if (contains(network, subject)) return !network.negated;
    return this.#networks.at(-1)?.negated ?? false;
  }
}

/** `0.0.0.0/0` takes IPv6 addresses too, as `any` does. */
function contains({ any, family, words, mask }: Network, address: Address): boolean {
  if (any || (family === 4 && mask[0] === 0)) return true;
  if (family !== address.family) return false;
  return words.every((word, i) => (address.words[i]! & mask[i]!) >>> 0 === word);
}

/** The original keeps address and mask of either family in one piece of memory and reads it by the event's family. */
function containsAcrossFamilies(network: Network, address: Address): boolean {
  if (address.family === 4) {
    return (address.words[0]! & network.words[1]!) >>> 0 === network.words[0];
  }
  return network.words[0] === 0 && network.mask[0] === 0;
}
