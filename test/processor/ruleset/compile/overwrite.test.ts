import { describe, expect, test } from 'vitest';
import { codesOf, compile, conditionKinds, group, ruleOf, rulesetOf, showTree } from './helpers.ts';

describe('overwrite', () => {
  const first: readonly [string, string] = [
    'id="101" level="5"',
    '<if_sid>100</if_sid><match>x</match><field name="a">b</field><group>old,</group>',
  ];
  const base: readonly [string] = ['id="100" level="3"'];

  test('replaces what the rule says, keeps its place', () => {
    const ruleset = rulesetOf({
      rules: group(
        't,',
        base,
        first,
        ['id="102" level="6"', '<if_sid>100</if_sid>'],
        ['id="101" level="9" overwrite="yes"', '<regex>y</regex><group>new,</group>'],
      ),
    });
    const rule = ruleOf(ruleset, 101);
    expect(rule).toMatchObject({ level: 9, groupText: 't,new,' });
    expect(conditionKinds(rule)).toEqual(['regex']);
    // Level 9 by now, and still behind level 6.
    expect(showTree(ruleOf(ruleset, 100))).toBe('100[102 101]');
  });

  test('siblings loaded afterwards compare with the new level', () => {
    const ruleset = rulesetOf({
      rules: group(
        't,',
        base,
        first,
        ['id="101" level="9" overwrite="yes"'],
        ['id="102" level="6"', '<if_sid>100</if_sid>'],
      ),
    });
    expect(showTree(ruleOf(ruleset, 100))).toBe('100[101 102]');
  });

  test('other parents are complained about', () => {
    const result = compile({
      rules: group('t,', base, first, ['id="101" level="5" overwrite="yes"', '<if_group>t</if_group>']),
    });
    expect(codesOf(result)).toEqual(['warning rule-overwrite-keeps-parents']);
    const same = compile({
      rules: group('t,', base, first, ['id="101" level="5" overwrite="yes"', '<if_sid>100</if_sid>']),
    });
    expect(codesOf(same)).toEqual([]);
  });

  test('of a rule that is not there loads it as a new one; OSSEC stops', () => {
    const rules = group('t,', base, ['id="101" level="5" overwrite="yes"', '<if_sid>100</if_sid>']);
    const result = compile({ rules });
    expect(codesOf(result)).toEqual(['warning rule-overwrite-unknown']);
    expect(result.ruleset?.rules.has('101')).toBe(true);
    expect(codesOf(compile({ rules, dialect: 'ossec' }))).toEqual(['fatal rule-overwrite-unknown']);
  });

  test('keeps what is counted: the search and the feeders of the first definition', () => {
    const counting: readonly [string, string] = [
      'id="200" level="9" frequency="4"',
      '<if_matched_sid>100</if_matched_sid>',
    ];
    const rules = (second: readonly [string, string?]) => group('t,', base, ['id="101" level="3"'], counting, second);
    const again = ruleOf(
      rulesetOf({ rules: rules(['id="200" level="9" overwrite="yes"', '<if_matched_sid>101</if_matched_sid>']) }),
      200,
    );
    expect(again.correlation).toMatchObject({ over: { kind: 'sid', sid: '100' }, needed: 1, frequency: 2 });
    // Without any if_matched_... nothing is counted any more.
    const plain = ruleOf(rulesetOf({ rules: rules(['id="200" level="9" overwrite="yes"']) }), 200);
    expect(plain.correlation).toBeUndefined();
  });

  test('a rule that counted nothing does not start to count', () => {
    const rules = group(
      't,',
      base,
      ['id="200" level="9"', '<if_sid>100</if_sid>'],
      ['id="200" level="9" frequency="5" overwrite="yes"', '<if_matched_sid>100</if_matched_sid>'],
    );
    expect(ruleOf(rulesetOf({ rules }), 200).correlation).toBeUndefined();
  });

  test('strict OSSEC leaves its own conditions and lists as they were', () => {
    const rules = group(
      't,',
      base,
      ['id="101" level="5"', '<if_sid>100</if_sid><pcre2>old</pcre2><match>x</match>'],
      ['id="101" level="6" overwrite="yes"', '<status>z</status>'],
    );
    const kinds = (compat: 'default' | 'strict') =>
      conditionKinds(ruleOf(rulesetOf({ rules, dialect: 'ossec', compat }), 101));
    expect(kinds('strict')).toEqual(['pcre2', 'status']);
    expect(kinds('default')).toEqual(['status']);
  });
});
