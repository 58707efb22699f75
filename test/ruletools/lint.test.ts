import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RulesetOptions } from '../../src/processor/ruleset/load.ts';
import { lintRuleset } from '../../src/ruletools/lint/lint.ts';

const DECODERS = `<decoder name="gate"><program_name>^gate</program_name></decoder>
<decoder name="door"><prematch>^door: </prematch></decoder>
<decoder name="door-event"><parent>door</parent>
  <regex offset="after_parent">^(\\w+) (\\w*) (\\S+)</regex><order>action, dstuser, door.name</order></decoder>
<decoder name="wall"><prematch>^wall: </prematch><type>firewall</type></decoder>
`;
const TEMPLATES = `<group name="syslog,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>Root.</description></rule>
  <rule id="2" level="0" noalert="1"><category>firewall</category><description>Root.</description></rule>
</group>
`;
const BASE = `<group name="doors,">
  <rule id="100100" level="3"><decoded_as>door</decoded_as><description>Doors.</description></rule>
  <rule id="100101" level="5"><if_sid>100100</if_sid><action>open</action><description>Opened.</description></rule>
</group>
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'otel-hids-lint-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Content {
  decoders?: string;
  rules?: string;
  /** A file that loads behind the rules. */
  later?: string;
  lists?: string[];
  dialect?: 'ossec';
}

let runs = 0;

async function lint({ decoders = '', rules = '', later, lists = [], dialect }: Content) {
  const file = (name: string, text: string) => {
    const path = join(folder, `${++runs}-${name}`);
    writeFileSync(path, text);
    return path;
  };
  const options: RulesetOptions = {
    decoders: [file('decoders.xml', DECODERS + decoders)],
    rules: [
      file('a.xml', TEMPLATES),
      file('b.xml', BASE),
      ...(rules === '' ? [] : [file('c.xml', rules)]),
      ...(later === undefined ? [] : [file('d.xml', later)]),
    ],
    lists: Object.fromEntries(lists.map((name) => [name, file('list', 'a:b\n')])),
    ...(dialect && { dialect }),
  };
  return lintRuleset(options);
}

const group = (rules: string, name = 'mine,') => `<group name="${name}">\n${rules}\n</group>\n`;
const rule = (id: number, body: string, attributes = 'level="5"') =>
  `<rule id="${id}" ${attributes}>${body}<description>x</description></rule>`;
const below = '<if_sid>100100</if_sid>';

async function codesOf(content: Content): Promise<string[]> {
  const { findings } = await lint(content);
  return findings.map(({ severity, code }) => `${severity} ${code}`);
}

describe('lint', () => {
  it('has nothing to say about rules that are right', async () => {
    const result = await lint({
      rules: group(
        [
          rule(100110, `${below}<match>a</match><user>me</user>`),
          rule(100111, `${below}<match>b</match><list field="door.name">etc/lists/l</list>`),
          rule(
            100112,
            '<if_matched_sid>100101</if_matched_sid><same_user />',
            'level="9" frequency="3" timeframe="60"',
          ),
          rule(100113, '<decoded_as>wall</decoded_as><category>firewall</category>'),
          rule(100114, '<if_group>doors</if_group><match>z</match>'),
        ].join('\n'),
      ).replace('<description>x', '<description>$(door.name) $(action) $(hostname)'),
      lists: ['etc/lists/l'],
    });
    expect(result.findings).toEqual([]);
    expect(result).toMatchObject({ isComplete: true, lists: 1 });
  });

  it.each<[string, Content, string[]]>([
    [
      'a sibling before that always wins',
      {
        rules: group(
          `${rule(100110, `${below}<match>a</match>`, 'level="9"')}${rule(100111, `${below}<match>a</match><user>b</user>`)}`,
        ),
      },
      ['warning rule-shadowed'],
    ],
    [
      'a rule of level 0 that takes everything',
      { rules: group(`${rule(100110, `${below}<user>x</user>`)}${rule(100111, below, 'level="0"')}`) },
      // It also takes what the base rules had.
      ['warning rule-shadowed', 'warning rule-shadowed'],
    ],
    [
      'noalert siblings, which win nothing',
      { rules: group(`${rule(100110, below, 'level="9" noalert="1"')}${rule(100111, `${below}<user>b</user>`)}`) },
      [],
    ],
    [
      'another parent that saves it',
      {
        rules: group(
          `${rule(100110, `${below}<match>a</match>`, 'level="9"')}${rule(100111, '<if_sid>100100, 100101</if_sid><match>a</match>')}`,
        ),
      },
      [],
    ],
    ['a rule without a condition', { rules: group(rule(100110, '', 'level="2"')) }, ['warning rule-matches-all']],
    [
      'a category that the decoder is not of',
      { rules: group(rule(100110, '<decoded_as>wall</decoded_as>')) },
      ['warning rule-category-mismatch'],
    ],
    [
      'a child decoder in decoded_as',
      { rules: group(rule(100110, '<decoded_as>door-event</decoded_as>')) },
      ['warning rule-decoder-never-decides'],
    ],
    [
      'a field that no decoder sets',
      { rules: group(rule(100110, `${below}<field name="dor.name">x</field>`)) },
      ['warning rule-field-unset'],
    ],
    [
      'a static field that no decoder sets',
      { rules: group(rule(100110, `${below}<url>x</url>`)) },
      ['warning rule-field-unset'],
    ],
    [
      'a field that a JSON log may have',
      {
        decoders:
          '<decoder name="json"><prematch>^{</prematch><plugin_decoder>JSON_Decoder</plugin_decoder></decoder>\n',
        rules: group(rule(100110, '<decoded_as>json</decoded_as><field name="any.thing">x</field>')),
      },
      [],
    ],
    [
      'a description that names no field',
      { rules: group(rule(100110, `${below}<match>a</match>`).replace('>x<', '>$(user)<')) },
      ['warning description-field-unset'],
    ],
    [
      'a group that finds itself',
      { rules: group(rule(100110, '<if_group>doors</if_group><match>a</match>'), 'doors,more,') },
      ['warning rule-group-matches-itself'],
    ],
    [
      'groups without a comma',
      { rules: group(rule(100110, `${below}<match>a</match><group>two</group>`), 'one') },
      ['warning group-missing-comma'],
    ],
    [
      'a group that cannot be counted',
      { rules: group(rule(100110, `${below}<if_matched_group>none</if_matched_group>`, 'level="9" frequency="3"')) },
      ['warning rule-matched-group-empty'],
    ],
    [
      'a counted rule of level 0',
      {
        rules: group(
          `${rule(100110, `${below}<match>a</match>`, 'level="0"')}${rule(100111, '<if_matched_sid>100110</if_matched_sid>', 'level="9" frequency="3"')}`,
        ),
      },
      ['warning rule-matched-sid-silent'],
    ],
    [
      'if_group beside if_sid',
      { rules: group(rule(100110, `${below}<if_group>doors</if_group><match>a</match>`)) },
      ['warning rule-if-group-ignored'],
    ],
    [
      'same_field on a static field',
      {
        rules: group(
          rule(
            100110,
            '<if_matched_sid>100101</if_matched_sid><different_field>action</different_field>',
            'level="9" frequency="3"',
          ),
        ),
      },
      ['warning rule-same-field-static'],
    ],
    ['maxsize', { rules: group(rule(100110, below, 'level="5" maxsize="100"')) }, ['info rule-maxsize-is-minimum']],
    [
      'three lists',
      { rules: group(rule(100110, below + '<list field="user">l</list>'.repeat(3))), lists: ['l'] },
      ['info rule-lists-lost'],
    ],
    ['an unused list', { lists: ['etc/lists/x'] }, ['info list-unused']],
    [
      'a pattern that explodes',
      { rules: group(rule(100110, `${below}<match type="pcre2">^(a+)+$</match>`)) },
      ['warning pattern-explodes'],
    ],
    [
      'an empty alternative',
      { rules: group(rule(100110, `${below}<match>a|</match>`)) },
      ['warning pattern-matches-all'],
    ],
    [
      'pieces that are no empty alternatives',
      { rules: group(rule(100110, `${below}<match>a|</match><match>b</match>`)) },
      [],
    ],
    [
      'a regular expression in <match>',
      { rules: group(rule(100110, `${below}<match>fail.*root</match>`)) },
      ['warning pattern-wrong-language'],
    ],
    [
      'a class in <regex>',
      { rules: group(rule(100110, `${below}<regex>user [a-z]+</regex>`)) },
      ['warning pattern-wrong-language'],
    ],
    [
      'what looks like one and is none',
      { rules: group(rule(100110, `${below}<match>C:\\dir\\sub</match><regex>\\S+@\\w+ [\\d+] \\.*</regex>`)) },
      [],
    ],
    [
      '! in an address',
      {
        decoders: '<decoder name="ip"><prematch>^ip</prematch><regex>(\\S+)</regex><order>srcip</order></decoder>\n',
        rules: group(rule(100110, '<decoded_as>ip</decoded_as><srcip>!10.0.0.1</srcip>')),
      },
      ['warning dialect-address-negation'],
    ],
    [
      'check_if_ignored',
      { rules: group(rule(100110, `${below}<match>a</match><check_if_ignored>user</check_if_ignored>`)) },
      ['info dialect-check-if-ignored'],
    ],
    [
      'a second root for the same logs',
      { decoders: '<decoder name="again"><prematch>^door: </prematch></decoder>\n' },
      ['warning decoder-unreachable'],
    ],
    [
      'a sibling behind one without prematch',
      {
        decoders:
          '<decoder name="late"><parent>door</parent><prematch>^x</prematch><regex>(x)</regex><order>id</order></decoder>\n',
      },
      ['warning decoder-unreachable'],
    ],
    [
      'a chain that is interrupted',
      {
        decoders:
          '<decoder name="other"><parent>door</parent><prematch>^y</prematch><regex>(y)</regex><order>id</order></decoder>\n' +
          '<decoder name="door-event"><parent>door</parent><regex>(z)</regex><order>id</order></decoder>\n',
      },
      ['warning decoder-chain-interrupted'],
    ],
    [
      'a root whose regex never runs',
      {
        decoders:
          '<decoder name="hut"><prematch>^hut</prematch><regex>(x)</regex><order>id</order></decoder>\n' +
          '<decoder name="hut-x"><parent>hut</parent><regex>(x)</regex><order>id</order></decoder>\n',
      },
      ['warning decoder-root-regex-unused'],
    ],
    [
      'settings of a child that decides nothing',
      {
        decoders:
          '<decoder name="hut"><prematch>^hut</prematch></decoder>\n<decoder name="hut-x"><parent>hut</parent><regex>(x)</regex><order>id</order><fts>name, id</fts></decoder>\n',
      },
      ['info decoder-settings-ignored'],
    ],
    [
      'more names than captures, and fewer',
      {
        decoders:
          '<decoder name="hut"><prematch>^hut</prematch><regex>(a) b|(c) d</regex><order>id, url</order></decoder>\n' +
          '<decoder name="hat"><prematch>^hat</prematch><regex>(a) (b)</regex><order>id</order></decoder>\n' +
          '<decoder name="hot"><prematch>^hot</prematch><regex type="pcre2">(a)(?:b)(c)</regex><order>id, url</order></decoder>\n',
      },
      ['warning decoder-order-mismatch', 'info decoder-order-mismatch'],
    ],
    [
      'a static field in another case',
      { decoders: '<decoder name="hut"><prematch>^hut</prematch><regex>(a)</regex><order>SrcIP</order></decoder>\n' },
      ['info decoder-order-case'],
    ],
    [
      'a rule that loads later',
      { rules: group(rule(100110, '<if_sid>100120</if_sid>')), later: group(rule(100120, `${below}<match>a</match>`)) },
      ['warning rule-unknown-parent', 'warning rule-without-parent', 'warning rule-forward-reference'],
    ],
    ['a duplicate id', { rules: group(rule(100101, `${below}<match>a</match>`)) }, ['warning rule-duplicate-id']],
    [
      'OSSEC: ! in a pattern',
      { dialect: 'ossec', rules: group(rule(100110, `${below}<match>!a</match>`)) },
      ['warning dialect-osmatch-negation'],
    ],
    [
      'OSSEC: a field in a description',
      { dialect: 'ossec', rules: group(rule(100110, `${below}<match>a</match>`).replace('>x<', '>$(action)<')) },
      ['info dialect-description-fields'],
    ],
  ])('finds %s', async (_name, content, expected) => {
    expect((await codesOf(content)).sort()).toEqual([...expected].sort());
  });

  it('gives every finding a place and help', async () => {
    const { findings } = await lint({
      rules: group(
        `${rule(100110, `${below}<match>a|</match>`)}\n${rule(100111, '<decoded_as>door-event</decoded_as>')}`,
      ),
    });
    expect(findings).toHaveLength(2);
    for (const finding of findings)
      expect(finding).toMatchObject({ help: expect.stringMatching(/\.$/), span: { line: expect.any(Number) } });
    expect(findings.map(({ span }) => span?.line)).toEqual([2, 3]);
  });

  it.each([
    ['<if_same_source />', 'Write <same_srcip />.'],
    ['<match_pcre2>x</match_pcre2>', 'That is a word of OSSEC; in Wazuh write <match type="pcre2">.'],
    ['<frequency>5</frequency>', 'Write the attribute frequency="..." of <rule>.'],
    ['<pci_dss>10.2</pci_dss>', 'Write <group>pci_dss_10.2.4,</group>.'],
  ])('says what %s should be', async (element, help) => {
    const { findings, isComplete } = await lint({ rules: group(rule(100110, element)) });
    expect(isComplete).toBe(false);
    expect(findings).toMatchObject([{ severity: 'fatal', code: 'rule-unknown-element', help }]);
  });

  it('stays quick on ten thousand siblings of one kind', { timeout: 20_000 }, async () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      rule(200_000 + index, `${below}<match>word${index} </match><user>u${index % 7}</user>`),
    );
    expect(await codesOf({ rules: group(many.join('\n')) })).toEqual([]);
  });

  it('never throws, whatever rules and decoders say', { timeout: 60_000 }, async () => {
    const text = fc.constantFrom(
      '',
      'a',
      'a|',
      '|',
      '!',
      '(',
      '(a+)+$',
      '\\d+',
      '^',
      'door',
      '100100',
      '100100, ',
      '1,2',
      'user',
      'srcip',
      '$(x)',
      '$(__proto__)',
    );
    const element = fc
      .tuple(
        fc.constantFrom(
          'if_sid',
          'if_group',
          'if_level',
          'if_matched_sid',
          'if_matched_group',
          'match',
          'regex',
          'field',
          'decoded_as',
          'category',
          'srcip',
          'same_field',
          'list',
          'group',
          'time',
          'weekday',
          'check_diff',
          'if_fts',
          'url',
          'description',
          'nonsense',
        ),
        fc.constantFrom('', ' type="pcre2"', ' name="x"', ' name="__proto__"', ' field="user"', ' negate="yes"'),
        text,
      )
      .map(([name, attributes, content]) => `<${name}${attributes}>${content}</${name}>`);
    const oneRule = fc
      .tuple(
        fc.constantFrom(
          'level="0"',
          'level="5"',
          'level="9" frequency="3"',
          'level="3" noalert="1"',
          'level="3" maxsize="9"',
          'level="3" overwrite="yes"',
        ),
        fc.integer({ min: 100_100, max: 100_110 }),
        fc.array(element, { maxLength: 4 }),
      )
      .map(([attributes, id, body]) => rule(id, body.join(''), attributes));
    await fc.assert(
      fc.asyncProperty(
        fc.array(oneRule, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(undefined, 'ossec' as const),
        async (rules, dialect) => {
          const result = await lint({ rules: group(rules.join('\n')), ...(dialect && { dialect }) });
          expect(result.rules.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
