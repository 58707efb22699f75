import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codesOf, compile, group, ruleOf, rulesetOf, showTree } from './helpers.ts';

function ids(count: number, first = 1000): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

describe('rulesets that mean harm', () => {
  test('100 MB of rules', () => {
    const rule = `<rule id="100000" level="3"><match>${'x'.repeat(930)}</match><description>d</description></rule>\n`;
    const content = `<group name="t,">${rule.repeat(100_000)}</group>`;
    expect(content.length).toBeGreaterThan(100_000_000);
    const { ruleset, diagnostics } = compile({ rules: content });
    expect(ruleset?.rules.has('100000')).toBe(true);
    expect(diagnostics).toHaveLength(99_999);
  });

  test('nesting, comments and attributes without end', () => {
    for (const content of [
      '<a>'.repeat(1_000_000),
      '<!--'.repeat(1_000_000),
      `<group ${'a="b" '.repeat(1_000_000)}>`,
      '<group name="'.repeat(100_000),
    ]) {
      expect(compile({ rules: content }).ruleset).toBeUndefined();
      expect(compile({ decoders: content }).ruleset).toBeUndefined();
    }
  });

  test('10,000 siblings', () => {
    const rules = group('t,', ...ids(10_000).map((id) => [`id="${id}" level="${id % 17}"`] as const));
    const root = ruleOf(rulesetOf({ rules }), 1);
    const order = root.children.map((child) => (child.level === 0 ? 99 : child.level));
    expect(order).toHaveLength(10_000);
    expect(order).toEqual([...order].sort((a, b) => b - a));
  });

  test('10,000 overwritten siblings', () => {
    const first = ids(10_000).map((id) => [`id="${id}" level="3"`] as const);
    const second = ids(10_000).map((id) => [`id="${id}" level="${id % 16}" overwrite="yes"`] as const);
    expect(ruleOf(rulesetOf({ rules: group('t,', ...first, ...second) }), 1).children).toHaveLength(10_000);
  });

  test('a chain of 10,000 rules is no deep recursion', () => {
    const rules = group(
      't,',
      ...ids(10_000).map((id) => [`id="${id}" level="3"`, id === 1000 ? '' : `<if_sid>${id - 1}</if_sid>`] as const),
    );
    const ruleset = rulesetOf({ rules });
    expect(ruleset.rules.size).toBe(10_007);
    expect(ruleOf(ruleset, 5000).children[0]).toBe(ruleOf(ruleset, 5001));
  });

  test('a tree that explodes in the original stays as small as its text', () => {
    const web = (count: number) =>
      group(
        'web,',
        ['id="999" level="3"'],
        ...ids(count).map((id) => [`id="${id}" level="3"`, '<if_group>web</if_group>'] as const),
      );
    expect(showTree(ruleOf(rulesetOf({ rules: web(3) }), 1))).toBe('1[999[1000[1001[1002] 1002] 1001[1002] 1002]]');
    const ruleset = rulesetOf({ rules: web(1000) });
    expect(ruleOf(ruleset, 999).children).toHaveLength(1000);
    expect(ruleOf(ruleset, 1500).children).toHaveLength(499);
    expect(codesOf(compile({ rules: web(4000) }))).toEqual(['fatal rule-tree-too-large']);
  });

  test('counting rules that feed each other', () => {
    const rules = (count: number) =>
      group(
        'web,',
        ['id="999" level="3"'],
        ...ids(count).map(
          (id) =>
            [
              `id="${id}" level="3" frequency="9999"`,
              '<if_sid>999</if_sid><if_matched_group>web</if_matched_group>',
            ] as const,
        ),
      );
    expect(ruleOf(rulesetOf({ rules: rules(100) }), 999).feeds).toHaveLength(100);
    expect(codesOf(compile({ rules: rules(4000) }))).toEqual(['fatal rule-tree-too-large']);
  });

  test('counting rules below each other, whose events the original lists once for every place', () => {
    const rules = (count: number, frequency: number) =>
      group(
        'web,',
        ['id="999" level="3"'],
        ...ids(count).map(
          (id) =>
            [
              `id="${id}" level="3" frequency="${frequency}"`,
              '<if_group>web</if_group><if_matched_group>web</if_matched_group>',
            ] as const,
        ),
      );
    expect(ruleOf(rulesetOf({ rules: rules(83, 8) }), 1082).feeds.length).toBeLessThan(83 * 8);
    expect(codesOf(compile({ rules: rules(83, 9999) }))).toEqual(['fatal rule-tree-too-large']);
  });

  test('names of Object.prototype are only names', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    for (const name of names) {
      const result = compile({
        decoders: `<decoder name="${name}"><prematch>x</prematch></decoder><decoder name="c"><parent>${name}</parent><regex>(x)</regex><order>${name}</order></decoder><decoder name="p"><program_name>x</program_name></decoder>`,
        rules: group(`${name},`, [
          'id="100" level="3"',
          `<decoded_as>${name}</decoded_as><field name="${name}">x</field><list field="${name}">${name}</list><mitre><id>${name}</id></mitre><description>$(${name})</description>`,
        ]),
        lists: { [name]: `${name}:${name}` },
      });
      expect(codesOf(result)).toEqual([]);
      expect(result.ruleset?.lists.get(name)?.get(name)).toBe(name);
      expect(result.ruleset?.lists.get(name)?.get('valueOf')).toBeUndefined();
      for (const text of [
        `<${name}/>`,
        `<match type="${name}">x</match>`,
        `<mitre><${name}>x</${name}></mitre>`,
        `<options>${name}</options>`,
      ]) {
        expect(compile({ rules: group('t,', ['id="100" level="3"', text]) }).diagnostics).not.toEqual([]);
      }
    }
    expect({}).not.toHaveProperty('x');
  });

  test('numbers out of bounds', () => {
    const huge = '9'.repeat(400);
    for (const attributes of [
      `level="3" maxsize="${huge}"`,
      `level="3" ignore="${huge}"`,
      `level="3" timeframe="${huge}"`,
      `level="${huge}"`,
      `level="3" frequency="${huge}"`,
    ]) {
      const { ruleset, diagnostics } = compile({
        rules: group('t,', [`id="100" ${attributes}`, '<if_matched_sid>1</if_matched_sid>']),
      });
      expect(ruleset === undefined).toBe(diagnostics.some(({ severity }) => severity === 'fatal'));
    }
    expect(codesOf(compile({ rules: group('t,', ['id="100" level="3"', `<if_sid>${huge}</if_sid>`]) }))).toEqual([
      'warning rule-unknown-parent',
      'warning rule-without-parent',
    ]);
  });

  test('text of any kind in any element gives a ruleset or a reason', () => {
    const names = [
      'match',
      'regex',
      'if_sid',
      'if_group',
      'if_level',
      'if_matched_sid',
      'if_matched_group',
      'if_matched_regex',
      'time',
      'weekday',
      'srcip',
      'options',
      'ignore',
      'list',
      'field',
      'mitre',
      'group',
      'description',
      'same_field',
      'decoded_as',
      'category',
      'info',
      'check_diff',
    ];
    const text = fc
      .array(
        fc.constantFrom(
          '1',
          ',',
          ' ',
          '|',
          '^',
          '$',
          '(',
          ')',
          '\\d',
          '\\',
          '+',
          '*',
          'a',
          '!',
          '-',
          ':',
          '\n',
          '\t',
          '[',
          ']',
          '{',
          '}',
          '\xff',
        ),
        { maxLength: 8 },
      )
      .map((parts) => parts.join(''));
    const element = fc
      .tuple(
        fc.constantFrom(...names),
        text,
        fc.constantFrom('', ' name="a"', ' type="pcre2"', ' field="a"', ' negate="yes"'),
      )
      .map(([name, content, attribute]) => `<${name}${attribute}>${content}</${name}>`);
    fc.assert(
      fc.property(
        fc.array(element, { maxLength: 6 }),
        fc.constantFrom('wazuh', 'ossec' as const),
        (elements, dialect) => {
          const result = compile({
            rules: group('t,', ['id="100" level="3"', elements.join('')]),
            lists: { a: 'a:1' },
            dialect: dialect as 'wazuh' | 'ossec',
          });
          expect(result.ruleset === undefined).toBe(result.diagnostics.some(({ severity }) => severity === 'fatal'));
        },
      ),
      { numRuns: 1500 },
    );
  });
});
