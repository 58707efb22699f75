import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileAddresses } from '../../../../src/processor/ruleset/matcher/address/address-set.ts';
import { findAddress } from '../../../../src/processor/ruleset/matcher/address/list-address.ts';
import { parseAddress, parseIpv6 } from '../../../../src/processor/ruleset/matcher/address/parse.ts';
import { PatternError } from '../../../../src/processor/ruleset/matcher/types.ts';

function compile(
  values: readonly string[],
  dialect: 'wazuh' | 'ossec' = 'wazuh',
  compat: 'default' | 'strict' = 'default',
) {
  return compileAddresses({ values, dialect, compat });
}

describe('one value', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.77/24', '10.0.0.1', true],
    ['10.0.0.1/31', '10.0.0.2', false],
    ['10.0.0.0/255.255.0.0', '10.0.9.9', true],
    ['10.0.0.0/255.255.0.0', '10.1.0.1', false],
    ['any', '192.168.1.1', true],
    ['any', 'fe80::1', true],
    ['any', 'not-an-ip', undefined],
    ['any', '', undefined],
    ['any', '010.0.0.1', undefined],
    ['any', '10.0.0.1/24', undefined],
    ['any', '2001:db8::5%eth0', undefined],
    ['0.0.0.0/0', '::1', true],
    ['0.0.0.0', '10.0.0.1', false],
    ['2001:db8::/32', '2001:db8::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:db8::5', '2001:DB8:0:0::5', true],
    ['::1/128', '0:0:0:0:0:0:0:1', true],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '::ffff:10.0.0.1', true],
    ['::1', '10.0.0.1', false],
    ['!10.0.0.1', '10.0.0.1', true],
  ])('%s on %s', (value, address, result) => {
    expect(compile([value]).test(address)).toBe(result);
  });
});

describe('strict', () => {
  test.each([
    ['::1', '10.0.0.1', true],
    ['::1', 'fe80::1', false],
    ['::1/128', '1.2.3.4', true],
    ['2001:db8::/32', '1.2.3.4', false],
    ['10.0.0.1', '::ffff:10.0.0.1', false],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1', false],
    ['0.0.0.0/0', '::1', true],
    ['0.0.0.0', '::1', false],
    ['any', '::ffff:10.0.0.1', true],
  ])('%s on %s', (value, address, result) => {
    expect(compile([value], 'wazuh', 'strict').test(address)).toBe(result);
  });
});

describe('OSSEC', () => {
  test.each([
    [['!10.0.0.0/8'], '10.5.5.5', false],
    [['!10.0.0.0/8'], '11.0.0.1', true],
    [['!10.0.0.0/8'], 'xyz', undefined],
    [['!10.0.0.1', '!10.0.0.2'], '10.0.0.1', false],
    [['!10.0.0.1', '!10.0.0.2'], '10.0.0.3', true],
    [['10.0.0.1', '!10.0.0.9'], '10.0.0.1', true],
    [['10.0.0.1', '!10.0.0.9'], '10.0.0.2', true],
    [['10.0.0.1', '!10.0.0.9'], '10.0.0.9', false],
    [['any'], '::1', true],
  ])('%j on %s', (values, address, result) => {
    expect(compile(values, 'ossec').test(address)).toBe(result);
  });

  test('has no dotted masks', () => {
    expect(() => compile(['10.2.0.0/255.255.0.0'], 'ossec')).toThrow(PatternError);
  });
});

test.each(['10.0.0', '10.0.0.0/33', '', '10.0.0.1,10.0.0.2', '::/0', '10.0.0.300', ' 10.0.0.1', '::1/129', '1::2::3'])(
  'refuses %j',
  (value) => {
    expect(() => compile([value])).toThrow(PatternError);
  },
);

test('an IPv6 address reads the same in its long and short form', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
      const long = groups.map((group) => group.toString(16).padStart(4, '0')).join(':');
      const short = new URL(`http://[${long}]/`).hostname.slice(1, -1);
      expect(parseIpv6(short)).toEqual(parseIpv6(long));
      expect(parseIpv6(long)).toBeDefined();
    }),
  );
});

test('reading an address never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdef:./%') }), (text) => void parseAddress(text)),
  );
});

describe('list look-up', () => {
  const list = new Map([
    ['10.1.', 'net'],
    ['10.1.2.', 'subnet'],
    ['10.2.3.4', 'host'],
    ['192.168', 'no dot'],
    ['www.', 'web'],
  ]);

  test.each([
    ['10.1.9.9', 'net'],
    ['10.1.2.9', 'subnet'],
    ['10.2.3.4', 'host'],
    ['10.2.3.5', undefined],
    ['192.168.1.1', undefined],
    ['www.example.com', 'web'],
    ['10.1.', 'net'],
    ['', undefined],
    ['.', undefined],
  ])('%s', (address, value) => {
    expect(findAddress(list, address, false)).toBe(value);
  });

  test('an IPv4-mapped address finds its IPv4 entry when asked to', () => {
    expect(findAddress(list, '::ffff:10.1.9.9', true)).toBe('net');
    expect(findAddress(list, '::ffff:10.1.9.9', false)).toBeUndefined();
  });
});
