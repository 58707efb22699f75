import { describe, expect, test } from 'vitest';
import { codesOf, compile, group, ruleOf, rulesetOf } from './helpers.ts';

describe('rules that count past events', () => {
  const base: readonly [string, string] = ['id="100" level="3"', '<group>seen,</group>'];

  test.each([
    ['wazuh', 'frequency="8"', { frequency: 8, needed: 7 }],
    ['wazuh', '', { frequency: 2, needed: 1 }],
    ['wazuh', 'frequency="2"', { frequency: 2, needed: 1 }],
    ['ossec', 'frequency="6"', { frequency: 6, needed: 7 }],
    ['ossec', '', { frequency: 0, needed: 1 }],
  ] as const)('%s: %s', (dialect, frequency, expected) => {
    const rules = group('t,', base, [
      `id="200" level="9" ${frequency} timeframe="60"`,
      '<if_matched_sid>100</if_matched_sid><same_source_ip/>',
    ]);
    const ruleset = rulesetOf({ rules, dialect });
    expect(ruleOf(ruleset, 200).correlation).toMatchObject({
      ...expected,
      timeframe: 60,
      same: ['srcip'],
      over: { kind: 'sid', sid: '100' },
    });
    expect(ruleOf(ruleset, 100).keepsHistory).toBe(true);
  });

  test('the longest frequency bounds the memory', () => {
    const rules = group(
      't,',
      base,
      ['id="200" level="9" frequency="40"', '<if_matched_sid>100</if_matched_sid>'],
      ['id="201" level="9" frequency="90"', '<if_matched_sid>999</if_matched_sid>'],
    );
    expect(rulesetOf({ rules }).memoryMaxAge).toBe(88);
  });

  test('if_matched_group is fed by rules loaded before, and by itself', () => {
    const rules = [
      group(
        't,',
        base,
        ['id="101" level="4"'],
        ['id="200" level="9"', '<if_matched_group>seen</if_matched_group><group>seen,</group>'],
      ),
      group('seen,', ['id="102" level="4"']),
    ].join('\n');
    const ruleset = rulesetOf({ rules });
    const feeders = [100, 101, 102, 200].filter((id) => ruleOf(ruleset, id).feeds.includes(ruleOf(ruleset, 200)));
    expect(feeders).toEqual([100, 200]);
    expect(ruleOf(ruleset, 200).correlation?.over.kind).toBe('group');
  });

  test('a rule in two places feeds twice, but not more often than it takes', () => {
    const rules = group(
      't,',
      ['id="101" level="3"'],
      ['id="102" level="3"'],
      ['id="100" level="4"', '<if_sid>101,102</if_sid><group>seen,</group>'],
      ['id="200" level="9" frequency="4"', '<if_matched_group>seen</if_matched_group>'],
    );
    expect(ruleOf(rulesetOf({ rules }), 100).feeds).toHaveLength(2);
  });

  test('with a parent of its own, an event to count that comes later is never found', () => {
    const rules = group(
      't,',
      base,
      ['id="200" level="9" frequency="3"', '<if_sid>100</if_sid><if_matched_sid>101</if_matched_sid>'],
      ['id="101" level="3"'],
    );
    const ruleset = rulesetOf({ rules });
    expect(ruleOf(ruleset, 200).correlation?.over).toEqual({ kind: 'sid', sid: '' });
    expect(ruleOf(ruleset, 101).keepsHistory).toBe(false);
  });

  test('check_diff switches counting off', () => {
    const rules = group('t,', base, [
      'id="200" level="9" frequency="3"',
      '<if_matched_sid>100</if_matched_sid><check_diff/>',
    ]);
    expect(ruleOf(rulesetOf({ rules }), 200).correlation).toBeUndefined();
  });

  test('names of same_ and different_', () => {
    const elements =
      '<if_matched_regex>x</if_matched_regex><same_srcip/><SAME_LOCATION/><different_user/><not_same_id/><same_field>A.b</same_field><not_same_field>C</not_same_field><global_frequency/>';
    const { correlation } = ruleOf(rulesetOf({ rules: group('t,', ['id="200" level="9"', elements]) }), 200);
    expect(correlation).toMatchObject({
      over: { kind: 'recent' },
      same: ['srcip', 'location'],
      different: ['user', 'id'],
      sameFields: ['a.b'],
      differentFields: ['c'],
      globalFrequency: true,
    });
  });

  test('OSSEC takes same_ back with not_same_, and counts over all hosts', () => {
    const rules = group('t,', base, [
      'id="200" level="9"',
      '<if_matched_sid>100</if_matched_sid><same_source_ip/><same_user/><not_same_source_ip/>',
    ]);
    expect(ruleOf(rulesetOf({ rules, dialect: 'ossec' }), 200).correlation).toMatchObject({
      same: ['user'],
      globalFrequency: true,
    });
  });

  test.each(['<same_id/>', '<different_url/>', '<same_field>a</same_field>', '<global_frequency/>'])(
    '%s needs something to count',
    (element) => {
      expect(codesOf(compile({ rules: group('t,', ['id="200" level="9"', element]) }))).toEqual([
        'fatal rule-frequency-without-context',
      ]);
    },
  );
});
