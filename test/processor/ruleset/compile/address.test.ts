import { describe, expect, test } from 'vitest';
import { compileAddressCondition } from '../../../../src/processor/ruleset/compile/address.ts';

describe('addresses', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1', true, true],
    ['10.0.0.0/255.255.0.0', '10.0.7.1', true, true],
    ['any', '::1', true, true],
    ['::1', '::1', true, true],
    ['::1', '1.2.3.4', false, true],
    ['0.0.0.0/0', 'fe80::1', false, true],
    ['::ffff:10.0.0.1', '10.0.0.1', true, true],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true, false],
    ['!10.0.0.1', '10.0.0.1', true, true],
    ['10.0.0.1', 'not-an-ip', undefined, undefined],
    ['::1', 'not-an-ip', undefined, undefined],
    ['::1', 'fe80::1%eth0', undefined, undefined],
  ])('%s and %s: %s, strict: %s', (value, address, normal, strict) => {
    expect(compileAddressCondition([value], 'wazuh', 'default').test(address)).toBe(normal);
    expect(compileAddressCondition([value], 'wazuh', 'strict').test(address)).toBe(strict);
  });

  test('several values are alternatives; OSSEC honours the mark', () => {
    expect(compileAddressCondition(['10.0.0.1', '::1'], 'wazuh', 'default').test('10.0.0.1')).toBe(true);
    const negated = compileAddressCondition(['!10.0.0.1', '!10.0.0.2'], 'ossec', 'default');
    expect(['10.0.0.1', '::ffff:10.0.0.2', '10.0.0.3'].map((address) => negated.test(address))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test.each(['', '10.0.0', '10.0.0.300', '10.0.0.0/33', '10.0.0.1,10.0.0.2', '::/0', ' 10.0.0.1'])(
    '%j is refused',
    (value) => {
      expect(() => compileAddressCondition([value], 'wazuh', 'default')).toThrow();
    },
  );
});
