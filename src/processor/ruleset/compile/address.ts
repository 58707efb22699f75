import { isIP } from 'node:net';
import { compileAddresses } from '../matcher/address.ts';
import type { AddressMatcher, Compat, Dialect } from './ruleset.ts';

/**
 * Test of `<srcip>` and `<dstip>`. Wazuh compares addresses of unlike families by what lies in memory, so that `::1` contains
 * every IPv4 address; that is for `strict` only. Otherwise the families stay apart, and `::ffff:10.0.0.1` is the IPv4 address
 * that it stands for.
 *
 * @throws PatternError where a value is no address
 */
export function compileAddressCondition(values: readonly string[], dialect: Dialect, compat: Compat): AddressMatcher {
  const all = compileAddresses(values, dialect);
  if (compat === 'strict') return all;
  if (dialect === 'ossec') return { test: (text) => all.test(unmap(text)) };
  const isAny = (value: string) => /^!?any$/.test(value);
  const isV6 = (value: string) => unmap(value.replace(/^!/, '')).includes(':');
  const v4 = compileAddresses(
    values.filter((value) => isAny(value) || !isV6(value)),
    dialect,
  );
  const v6 = compileAddresses(
    values.filter((value) => isAny(value) || isV6(value)),
    dialect,
  );
  return {
    test(text) {
      const address = unmap(text);
      return isIP(address) === 6 ? v6.test(address) : v4.test(address);
    },
  };
}

/** The IPv4 address inside of `::ffff:10.0.0.1`, prefix and all. */
function unmap(text: string): string {
  return text.replace(/^::ffff:(?=\d+\.)/i, '');
}
