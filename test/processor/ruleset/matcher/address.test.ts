import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileAddresses } from '../../../../src/processor/ruleset/matcher/address.ts';
import { PatternError } from '../../../../src/processor/ruleset/matcher/types.ts';

type Row = [values: string[], address: string, result: boolean | undefined];

describe('wazuh', () => {
  test.each<Row>([
    [['10.0.0.1'], '10.0.0.1', true],
    [['10.0.0.1'], '10.0.0.2', false],
    [['10.0.0.77/24'], '10.0.0.2', true],
    [['10.0.0.0/255.255.0.0'], '10.0.9.9', true],
    [['10.0.0.0/255.255.0.0'], '10.1.0.0', false],
    [['10.0.0.0/8', '192.168.0.0/16'], '192.168.1.1', true],
    [['any'], 'fe80::1', true],
    [['0.0.0.0/0'], 'fe80::1', true],
    [['0.0.0.0'], '1.2.3.4', false],
    [['::1'], '1.2.3.4', true],
    [['::1'], '0:0:0:0:0:0:0:1', true],
    [['::1'], 'fe80::1', false],
    [['2001:db8::/32'], '2001:DB8:0:0::5', true],
    [['2001:db8::5'], '1.2.3.4', false],
    [['::ffff:10.0.0.1'], '10.0.0.1', true],
    [['::ffff:10.0.0.1'], '::ffff:10.0.0.1', false],
    [['!10.0.0.1'], '10.0.0.1', true],
    [['any'], 'not-an-ip', undefined],
    [['any'], '', undefined],
    [['any'], '010.0.0.1', undefined],
    [['any'], '2001:db8::5%eth0', undefined],
  ])('%j on %s', (values, address, result) => {
    expect(compileAddresses(values, 'wazuh').test(address)).toBe(result);
  });

  test.each(['::/0', '10.0.0', '10.0.0.0/33', '', '10.0.0.1,10.0.0.2', '10.0.0.0/', '2001:db8::/129'])(
    'refuses %j',
    (value) => {
      expect(() => compileAddresses([value], 'wazuh')).toThrow(PatternError);
    },
  );
});

describe('ossec', () => {
  test.each<Row>([
    [['!10.0.0.0/8'], '10.5.5.5', false],
    [['!10.0.0.0/8'], '11.0.0.1', true],
    [['!10.0.0.0/8'], 'xyz', undefined],
    [['10.0.0.1', '!10.0.0.9'], '10.0.0.1', true],
    [['10.0.0.1', '!10.0.0.9'], '10.0.0.2', true],
    [['10.0.0.1', '!10.0.0.9'], '10.0.0.9', false],
    [['any'], '::1', true],
    [['::1'], '1.2.3.4', false],
  ])('%j on %s', (values, address, result) => {
    expect(compileAddresses(values, 'ossec').test(address)).toBe(result);
  });

  test.each(['10.2.0.0/255.255.0.0', '10.2.0.0/33', '10.0.0.300'])('refuses %j', (value) => {
    expect(() => compileAddresses([value], 'ossec')).toThrow(PatternError);
  });
});

test('an address is in every prefix of itself', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 32 }), (address, bits) => {
      for (const dialect of ['wazuh', 'ossec'] as const) {
        const tester = compileAddresses([`${address}/${bits}`], dialect);
        const mapped = /^::ffff:\d+\./i.test(address);
        if (!mapped) expect(tester.test(address)).toBe(true);
      }
    }),
  );
});
