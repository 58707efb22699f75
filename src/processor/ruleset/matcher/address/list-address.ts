import { mappedIpv4, parseIpv6 } from './parse.ts';

/** What an address look-up needs of a list. */
export interface KeyedList {
  get(key: string): string | undefined;
}

/**
 * Looks an address up as `address_match_key` does: the whole text, then ever shorter pieces of it that end in a dot
 * (`10.1.2.3`, `10.1.2.`, `10.1.`, `10.`); the first hit decides. It works on any text with dots, host names included.
 *
 * @param mapped also try the IPv4 address of `::ffff:a.b.c.d`, which the originals do not
 * @returns the value of the entry found
 */
export function findAddress(list: KeyedList, address: string, mapped: boolean): string | undefined {
  const found = findPrefix(list, address);
  if (found !== undefined || !mapped || !address.includes(':')) return found;
  const words = parseIpv6(address);
  const ipv4 = words && mappedIpv4(words)?.words[0];
  if (ipv4 === undefined) return undefined;
  return findPrefix(list, [24, 16, 8, 0].map((shift) => (ipv4 >>> shift) & 255).join('.'));
}

function findPrefix(list: KeyedList, address: string): string | undefined {
  let value = list.get(address);
  let dot = address.length - 1;
  while (value === undefined) {
    dot = dot < 1 ? -1 : address.lastIndexOf('.', dot - 1);
    if (dot < 0) return undefined;
    value = list.get(address.slice(0, dot + 1));
  }
  return value;
}
