import type { ListLookup, LookupList } from '../../compile/ruleset.ts';
import type { Matcher } from '../../matcher/types.ts';
import type { LimitLog } from '../match.ts';

export interface ListQuestion {
  readonly list: LookupList;
  readonly lookup: ListLookup;
  readonly checkValue: Matcher | undefined;
}

/**
 * Asks a CDB list (ruleset-engine 7.3). `strict` keeps `address_match_key_value` inverted, as in the original, and
 * knows no IPv4-mapped addresses.
 */
export function askList(
  question: ListQuestion,
  key: string,
  strict: boolean,
  limits: LimitLog,
  owner: string,
): boolean {
  const { list, lookup, checkValue } = question;
  switch (lookup) {
    case 'match_key':
      return list.get(key) !== undefined;
    case 'not_match_key':
      return list.get(key) === undefined;
    case 'match_key_value': {
      const value = list.get(key);
      return value !== undefined && checkValue !== undefined && limits.test(checkValue, value, owner);
    }
    case 'address_match_key':
      return findAddress(list, key, strict) !== undefined;
    case 'not_address_match_key':
      return findAddress(list, key, strict) === undefined;
    case 'address_match_key_value': {
      const value = findAddress(list, key, strict);
      const matches = value !== undefined && checkValue !== undefined && limits.test(checkValue, value, owner);
      return strict ? !matches : matches;
    }
  }
}

/** The value of the whole address, else of its longest prefix that ends in a dot. */
function findAddress(list: LookupList, address: string, strict: boolean): string | undefined {
  const found = findDotted(list, address);
  if (found !== undefined || strict) return found;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped ? findDotted(list, mapped[1]!) : undefined;
}

function findDotted(list: LookupList, address: string): string | undefined {
  let value = list.get(address);
  for (let dot = address.lastIndexOf('.'); value === undefined && dot >= 0; dot = address.lastIndexOf('.', dot - 1)) {
    value = list.get(address.slice(0, dot + 1));
    if (dot === 0) break;
  }
  return value;
}
