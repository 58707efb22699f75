import { describe, expect, test } from 'vitest';
import { compileWordMatch } from '../../../../src/processor/ruleset/compile/word-match.ts';
import { codesOf, compile, group, ruleOf, rulesetOf, showTree } from './helpers.ts';

function treeOf(rules: string): string {
  const [root] = rulesetOf({ rules }).roots;
  return root === undefined ? '' : showTree(root);
}

describe('places in the tree', () => {
  test('siblings go by level, 0 first, equal ones by load order, accuracy 0 last', () => {
    const rules = group(
      't,',
      ['id="100" level="3"'],
      ['id="101" level="12"'],
      ['id="102" level="0"'],
      ['id="103" level="16" accuracy="0"'],
      ['id="104" level="3"'],
      ['id="105" level="1"'],
    );
    expect(treeOf(rules)).toBe('1[102 101 100 104 105 103]');
  });

  test('a rule below several parents is one object', () => {
    const ruleset = rulesetOf({
      rules: group(
        't,',
        ['id="100" level="3"'],
        ['id="101" level="3"'],
        ['id="102" level="5"', '<if_sid>100, 101</if_sid>'],
        ['id="103" level="5"', '<if_sid>102</if_sid>'],
      ),
    });
    expect(showTree(ruleset.roots[0] ?? ruleOf(ruleset, 1))).toBe('1[100[102[103]] 101[102[103]]]');
    expect(ruleOf(ruleset, 100).children[0]).toBe(ruleOf(ruleset, 101).children[0]);
  });

  test('rules without parents hang below the root of their category', () => {
    const ruleset = rulesetOf({
      rules: group(
        't,',
        ['id="100" level="3"', '<category>ids</category>'],
        ['id="101" level="4"', '<if_sid>100</if_sid>'],
      ),
    });
    expect(showTree(ruleOf(ruleset, 3))).toBe('3[100[101]]');
    expect(ruleOf(ruleset, 101).category).toBe('ids');
  });

  test.each([
    ['a comma at the end', '100,', '1[101 100[101]]'],
    ['a blank at the end', '100 ', '1[101 100[101]]'],
    ['zero', '0', '1[101 100]'],
    ['blanks and commas between', ' 100 , ,100', '1[100[101]]'],
  ])('if_sid with %s', (_, text, expected) => {
    expect(treeOf(group('t,', ['id="100" level="3"'], ['id="101" level="5"', `<if_sid>${text}</if_sid>`]))).toBe(
      expected,
    );
  });

  test('if_group looks for words in the whole text of groups, in rules loaded before', () => {
    const rules = [
      group('webcam,', ['id="100" level="3"']),
      group('other,', ['id="101" level="3"', '<group>web-log,</group>']),
      group(
        'own,',
        ['id="200" level="5"', '<if_group>web</if_group>'],
        ['id="201" level="5"', '<if_group>^other|zzz</if_group>'],
      ),
      group('web,', ['id="102" level="3"']),
    ].join('\n');
    expect(treeOf(rules)).toBe('1[100[200] 101[200 201] 102]');
  });

  test.each([
    ['web', 'webcam,', true],
    ['WEB', 'webcam,', true],
    ['cam', 'webcam,', true],
    ['^cam', 'webcam,', false],
    ['^web', 'webcam,', true],
    ['a|^web', 'webcam,', true],
    ['webcam,x', 'webcam,', false],
    ['!web', 'webcam,', false],
    ['web$', 'webcam,', false],
    ['', 'webcam,', false],
    ['x|', 'webcam,', true],
    ['|x', 'webcam,', false],
    ['^', 'webcam,', true],
    ['aab', 'aaab,', true],
  ])('if_group %j finds %j: %s', (pattern, text, found) => {
    expect(compileWordMatch(pattern)(text)).toBe(found);
  });

  test('if_level takes level 0 too', () => {
    const rules = group(
      't,',
      ['id="100" level="3"'],
      ['id="101" level="6"'],
      ['id="102" level="0"'],
      ['id="200" level="9"', '<if_level>5</if_level>'],
    );
    expect(treeOf(rules)).toBe('1[102[200] 200 101[200] 100]');
  });

  test('if_sid beats if_level beats if_group', () => {
    const base = [['id="100" level="3"'], ['id="101" level="12"']] as const;
    const all = '<if_group>t</if_group><if_level>12</if_level><if_sid>100</if_sid>';
    expect(treeOf(group('t,', ...base, ['id="200" level="1"', all]))).toBe('1[101 100[200]]');
    expect(treeOf(group('t,', ...base, ['id="200" level="1"', '<if_group>t,</if_group><if_level>12</if_level>']))).toBe(
      '1[101[200] 100 200]',
    );
  });

  test('if_matched_sid and if_matched_group are parents where nothing else is named', () => {
    const rules = [
      group('seen,', ['id="100" level="3"']),
      group(
        't,',
        ['id="200" level="9" frequency="3"', '<if_matched_sid>100</if_matched_sid>'],
        ['id="201" level="8" frequency="3"', '<if_matched_group>seen</if_matched_group>'],
      ),
    ].join('\n');
    expect(treeOf(rules)).toBe('1[100[200 201]]');
  });

  test('level 0 with accuracy 0 is last; strict gives it the level that slips through', () => {
    const rules = group('t,', ['id="100" level="0" accuracy="0"'], ['id="101" level="1"']);
    expect(treeOf(rules)).toBe('1[101 100]');
    expect(ruleOf(rulesetOf({ rules }), 100).level).toBe(0);
    expect(ruleOf(rulesetOf({ rules, compat: 'strict' }), 100).level).toBe(99);
  });

  test('OSSEC knows levels above 16, and 99 becomes 0', () => {
    const rules = group('t,', ['id="100" level="99"'], ['id="101" level="20"'], ['id="1234567" level="12345"']);
    const ruleset = rulesetOf({ rules, dialect: 'ossec' });
    expect([100, 101, 123456].map((id) => ruleOf(ruleset, id).level)).toEqual([0, 20, 1234]);
  });
});

describe('parents that are not there', () => {
  test.each([
    [
      'one of several',
      [['id="100" level="3"'], ['id="101" level="3"', '<if_sid>100,999</if_sid>']],
      ['warning rule-unknown-parent'],
      '1[100[101]]',
    ],
    [
      'all, and what hangs below',
      [
        ['id="100" level="3"'],
        ['id="101" level="3"', '<if_sid>999</if_sid>'],
        ['id="102" level="3"', '<if_sid>101</if_sid>'],
      ],
      [
        'warning rule-unknown-parent',
        'warning rule-without-parent',
        'warning rule-unknown-parent',
        'warning rule-without-parent',
      ],
      '1[100]',
    ],
    [
      'forward',
      [['id="101" level="3"', '<if_sid>102</if_sid>'], ['id="102" level="3"']],
      ['warning rule-unknown-parent', 'warning rule-without-parent'],
      '1[102]',
    ],
    [
      'a circle',
      [
        ['id="101" level="3"', '<if_sid>102</if_sid>'],
        ['id="102" level="3"', '<if_sid>101</if_sid>'],
      ],
      [
        'warning rule-unknown-parent',
        'warning rule-without-parent',
        'warning rule-unknown-parent',
        'warning rule-without-parent',
      ],
      '1',
    ],
    ['itself', [['id="100" level="3"'], ['id="101" level="3"', '<if_sid>100,101</if_sid>']], [], '1[100[101]]'],
    [
      'a tab',
      [['id="100" level="3"'], ['id="101" level="3"', '<if_sid>100,\t100</if_sid>']],
      ['warning rule-bad-if-sid'],
      '1[100]',
    ],
    ['a group', [['id="101" level="3"', '<if_group>zzz</if_group>']], ['warning rule-unknown-group'], '1'],
    [
      'an event to count',
      [['id="101" level="3" frequency="3"', '<if_matched_sid>999</if_matched_sid>']],
      ['warning rule-unknown-parent'],
      '1',
    ],
  ] as const)('%s', (_, rules, codes, tree) => {
    const result = compile({ rules: group('t,', ...rules) });
    expect(codesOf(result)).toEqual(codes);
    expect(result.ruleset?.roots[0] && showTree(result.ruleset.roots[0])).toBe(tree);
  });

  test.each([
    ['an unknown parent', '<if_sid>999</if_sid>'],
    ['one of several parents', '<if_sid>1,999</if_sid>'],
    ['an unknown group', '<if_group>zzz</if_group>'],
    ['an unknown event to count', '<if_matched_sid>999</if_matched_sid>'],
  ])('OSSEC stops at %s', (_, element) => {
    expect(compile({ rules: group('t,', ['id="101" level="3"', element]), dialect: 'ossec' }).ruleset).toBeUndefined();
  });

  test('duplicate ids: the first one stays, what is wrong with the second does not count', () => {
    const rules = group('t,', ['id="100" level="3"'], ['id="100" level="9"', '<nonsense/>']);
    const result = compile({ rules });
    expect(codesOf(result)).toEqual(['warning rule-duplicate-id']);
    expect(result.diagnostics[0]).toMatchObject({ span: { file: 'rules/a.xml', line: 3 }, help: expect.any(String) });
    expect(result.ruleset?.rules.get('100')?.level).toBe(3);
    expect(codesOf(compile({ rules, dialect: 'ossec' }))).toEqual(['fatal rule-duplicate-id']);
  });
});
