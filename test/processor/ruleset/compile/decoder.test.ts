import { describe, expect, test } from 'vitest';
import type { Decoder } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { codesOf, compile, rulesetOf } from './helpers.ts';

const PADDING =
  '<decoder name="n"><prematch>^NONE</prematch></decoder><decoder name="p"><program_name>^none$</program_name></decoder>';

function show(decoder: Decoder): string {
  const chain = decoder.getNext ? '+' : '';
  const below = decoder.children.map(show).join(' ');
  return `${decoder.name}${chain}${below && `[${below}]`}`;
}

function lists(decoders: string, dialect: 'wazuh' | 'ossec' = 'wazuh') {
  const { decoders: compiled } = rulesetOf({ decoders: decoders + PADDING, dialect });
  return { P: compiled.withProgram.map(show).slice(0, -1), N: compiled.withoutProgram.map(show).slice(0, -1) };
}

describe('lists of decoders', () => {
  test('a program_name, be it empty, decides the list', () => {
    const decoders =
      '<decoder name="a"><program_name></program_name></decoder><decoder name="b"><prematch>x</prematch></decoder>';
    expect(lists(decoders)).toEqual({ P: ['a'], N: ['b'] });
  });

  test('a child is put below every root of its parent name, as one object', () => {
    const decoders = `<decoder name="a"><program_name>x</program_name></decoder><decoder name="a"><prematch>x</prematch></decoder>
      <decoder name="c"><parent>a</parent><regex>(x)</regex><order>id</order></decoder>`;
    const { withProgram, withoutProgram } = rulesetOf({ decoders: decoders + PADDING }).decoders;
    expect(withProgram[0]?.children[0]).toBe(withoutProgram[0]?.children[0]);
    expect(withProgram[0]?.children[0]).toMatchObject({ name: 'a', ownName: 'c', parent: 'a', id: withProgram[0]?.id });
  });

  test('children of one name are a chain, also where others stand between', () => {
    const child = (name: string) =>
      `<decoder name="${name}"><parent>a</parent><regex>(x)</regex><order>id</order></decoder>`;
    expect(
      lists(`<decoder name="a"><prematch>x</prematch></decoder>${child('c')}${child('d')}${child('c')}`).N,
    ).toEqual(['a[a+ a a]']);
  });

  test('use_own_name keeps the name, for "true" only', () => {
    const child = (own: string) =>
      `<decoder name="c-${own}"><parent>a</parent><use_own_name>${own}</use_own_name><prematch>x</prematch></decoder>`;
    const { decoders } = rulesetOf({
      decoders: `<decoder name="a"><prematch>x</prematch></decoder>${child('true')}${child('yes')}${PADDING}`,
    });
    expect(decoders.withoutProgram[0]?.children.map(({ name, id }) => [name, id === decoders.ids.get(name)])).toEqual([
      ['c-true', true],
      ['a', true],
    ]);
  });

  test('the names of decoders written in C are known', () => {
    expect(rulesetOf({}).decoders.ids.has('syscollector')).toBe(true);
    expect(rulesetOf({ dialect: 'ossec' }).decoders.ids.has('syscollector')).toBe(false);
    expect(rulesetOf({}).decoders.ids.has('__proto__')).toBe(false);
  });

  test('order names have slots or are dynamic, and compare with their case', () => {
    const decoders =
      '<decoder name="a"><prematch>x</prematch><regex>(a)(b)(c)(d)</regex><order> user, srcip ,SrcIP,a.b x</order></decoder>';
    expect(rulesetOf({ decoders: decoders + PADDING }).decoders.withoutProgram[0]?.regex?.order).toMatchObject([
      { kind: 'static', name: 'dstuser' },
      { kind: 'static', name: 'srcip' },
      { kind: 'dynamic', name: 'SrcIP', key: 'srcip' },
      { kind: 'dynamic', name: 'a.b' },
    ]);
  });

  test('a later order replaces, a later fts adds', () => {
    const decoders =
      '<decoder name="a"><prematch>x</prematch><regex>(a)</regex><order>id</order><order>dyn,url</order><fts>name</fts><fts>DYN</fts></decoder>';
    const [decoder] = rulesetOf({ decoders: decoders + PADDING }).decoders.withoutProgram;
    expect(decoder?.regex?.order.map(({ name }) => name)).toEqual(['dyn', 'url']);
    expect(decoder?.fts).toEqual({ slots: new Set(['name']), dynamic: ['dyn'] });
  });

  test('offsets: in a root both words mean the text after its prematch', () => {
    const decoders =
      '<decoder name="a"><prematch>x</prematch><regex offset="AFTER_PREMATCH">(a)</regex><order>id</order></decoder>';
    expect(rulesetOf({ decoders: decoders + PADDING }).decoders.withoutProgram[0]?.regex?.start).toBe('after_parent');
  });

  test('OSSEC: plain forms win over those with pcre2', () => {
    const decoders =
      '<decoder name="a"><prematch_pcre2>a</prematch_pcre2><prematch>b</prematch><pcre2 offset="after_prematch">(a)</pcre2><order>id</order></decoder>';
    const [decoder] = rulesetOf({ decoders: decoders + PADDING, dialect: 'ossec' }).decoders.withoutProgram;
    expect(decoder?.prematch?.search.pattern).toBe('b');
    expect(decoder?.regex?.search.pattern).toBe('(a)');
  });
});

describe('what the loader refuses', () => {
  const root = '<decoder name="r"><prematch>x</prematch></decoder>';
  const chain =
    '<decoder name="c"><parent>r</parent><prematch>x</prematch><regex>(x)</regex><order>id</order></decoder>';
  test.each([
    ['nothing to match', '<decoder name="a"><regex>(x)</regex><order>id</order></decoder>', 'decoder-matches-all'],
    [
      'order without regex',
      '<decoder name="a"><prematch>x</prematch><order>id</order></decoder>',
      'decoder-order-without-regex',
    ],
    [
      'regex without order',
      '<decoder name="a"><prematch>x</prematch><regex>(x)</regex></decoder>',
      'decoder-regex-without-order',
    ],
    [
      'fts without regex',
      '<decoder name="a"><prematch>x</prematch><fts>name</fts></decoder>',
      'decoder-fts-without-regex',
    ],
    [
      'unknown fts name',
      '<decoder name="a"><prematch>x</prematch><regex>(x)</regex><order>id</order><fts>nope</fts></decoder>',
      'decoder-unknown-fts-word',
    ],
    [
      'dynamic fts name behind a static one',
      '<decoder name="a"><prematch>x</prematch><regex>(x)</regex><order>id,dyn</order><fts>dyn</fts></decoder>',
      'decoder-unknown-fts-word',
    ],
    [
      'empty order word',
      '<decoder name="a"><prematch>x</prematch><regex>(x)</regex><order>id,</order></decoder>',
      'decoder-empty-order-word',
    ],
    [
      'too many names',
      `<decoder name="a"><prematch>x</prematch><regex>(x)</regex><order>${'a,'.repeat(256)}a</order></decoder>`,
      'decoder-order-too-long',
    ],
    [
      'plug-in and regex',
      '<decoder name="a"><prematch>x</prematch><regex>(x)</regex><order>id</order><plugin_decoder>PF_Decoder</plugin_decoder></decoder>',
      'decoder-plugin-with-regex',
    ],
    [
      'unknown plug-in',
      '<decoder name="a"><prematch>x</prematch><plugin_decoder>X_Decoder</plugin_decoder></decoder>',
      'decoder-unknown-plugin',
    ],
    ['unknown type', '<decoder name="a"><prematch>x</prematch><type>web</type></decoder>', 'decoder-bad-category'],
    [
      'type in capitals',
      '<decoder name="a"><prematch>x</prematch><Type>ids</Type></decoder>',
      'decoder-unknown-element',
    ],
    ['unknown element', '<decoder name="a"><prematch>x</prematch><foo>x</foo></decoder>', 'decoder-unknown-element'],
    [
      'unknown parent',
      '<decoder name="a"><parent>rr</parent><prematch>x</prematch></decoder>',
      'decoder-unknown-parent',
    ],
    [
      'grandchild',
      `${root}${chain}<decoder name="g"><parent>c</parent><prematch>x</prematch></decoder>`,
      'decoder-unknown-parent',
    ],
    [
      'after_parent in a root',
      '<decoder name="a"><prematch>x</prematch><regex offset="after_parent">(x)</regex><order>id</order></decoder>',
      'decoder-offset-without-parent',
    ],
    [
      'after_prematch without one',
      `${root}<decoder name="c"><parent>r</parent><regex offset="after_prematch">(x)</regex><order>id</order></decoder>`,
      'decoder-offset-without-prematch',
    ],
    [
      'after_regex without one before',
      `${root}<decoder name="c"><parent>r</parent><regex offset="after_regex">(x)</regex><order>id</order></decoder>`,
      'decoder-offset-without-regex',
    ],
    [
      'prematch after_prematch',
      `${root}<decoder name="c"><parent>r</parent><prematch offset="after_prematch">x</prematch></decoder>`,
      'decoder-bad-prematch-offset',
    ],
    [
      'second regex with offset',
      `${root}<decoder name="c"><parent>r</parent><regex>(x)</regex><regex offset="after_parent">(x)</regex><order>id</order></decoder>`,
      'decoder-second-offset',
    ],
    ['later link with prematch', `${root}${chain}${chain}`, 'decoder-duplicate-prematch'],
    [
      'later link with fts',
      `${root}${chain}<decoder name="c"><parent>r</parent><regex>(x)</regex><order>id</order><fts>id</fts></decoder>`,
      'decoder-duplicate-fts',
    ],
    [
      'later link without regex',
      `${root}${chain}<decoder name="c"><parent>r</parent><type>ids</type></decoder>`,
      'decoder-chain-without-regex',
    ],
    [
      'plug-in offset',
      '<decoder name="a"><prematch>x</prematch><plugin_decoder offset="x">PF_Decoder</plugin_decoder></decoder>',
      'decoder-bad-offset',
    ],
    ['bad pattern', '<decoder name="a"><prematch>(x</prematch></decoder>', 'decoder-bad-pattern'],
    ['no name', '<decoder><prematch>x</prematch></decoder>', 'decoder-without-name'],
    [
      'a third attribute',
      '<decoder name="a" status="x" y="z"><prematch>x</prematch></decoder>',
      'decoder-unknown-attribute',
    ],
    ['another root', '<group name="x"/>', 'decoder-unknown-root'],
    ['nothing inside', '<decoder name="a"></decoder>', 'decoder-empty'],
  ])('%s', (_, decoders, code) => {
    const result = compile({ decoders: decoders + PADDING });
    expect(codesOf(result)).toEqual([`fatal ${code}`]);
    expect(result.diagnostics[0]).toMatchObject({
      span: { file: 'decoders/a.xml', line: 1 },
      message: expect.any(String),
    });
  });

  test.each([
    [
      'regex type',
      '<decoder name="a"><prematch>x</prematch><regex type="osmatch">(x)</regex><order>id</order></decoder>',
      'warning decoder-bad-type',
    ],
    [
      'regex offset',
      `${root}<decoder name="a"><parent>r</parent><regex offset="x">(x)</regex><order>id</order></decoder>`,
      'warning decoder-bad-offset',
    ],
    [
      'prematch offset',
      `${root}<decoder name="a"><parent>r</parent><prematch offset="x">x</prematch></decoder>`,
      'error decoder-bad-offset',
    ],
    [
      'null field',
      '<decoder name="a"><prematch>x</prematch><json_null_field>empty</json_null_field></decoder>',
      'warning decoder-deprecated-value',
    ],
    [
      'array structure',
      '<decoder name="a"><prematch>x</prematch><json_array_structure>x</json_array_structure></decoder>',
      'warning decoder-bad-value',
    ],
  ])('complains about %s', (_, decoders, code) => {
    const result = compile({ decoders: decoders + PADDING });
    expect(codesOf(result)).toEqual([code]);
    expect(result.ruleset).toBeDefined();
  });

  test.each([
    ['status', '<decoder name="a" status="x"><prematch>x</prematch></decoder>', 'decoder-unknown-attribute'],
    ['type attribute', '<decoder name="a"><prematch type="pcre2">x</prematch></decoder>', 'decoder-bad-offset'],
    [
      'JSON',
      '<decoder name="a"><prematch>x</prematch><plugin_decoder>JSON_Decoder</plugin_decoder></decoder>',
      'decoder-unknown-plugin',
    ],
    [
      'json_null_field',
      '<decoder name="a"><prematch>x</prematch><json_null_field>discard</json_null_field></decoder>',
      'decoder-unknown-element',
    ],
  ])('OSSEC knows no %s', (_, decoders, code) => {
    expect(codesOf(compile({ decoders: decoders + PADDING, dialect: 'ossec' }))).toEqual([`fatal ${code}`]);
  });

  test('strict Wazuh needs a root of each kind', () => {
    const decoders = '<decoder name="a"><prematch>x</prematch></decoder>';
    expect(codesOf(compile({ decoders, compat: 'strict' }))).toEqual(['fatal decoder-list-empty']);
    expect(codesOf(compile({ decoders }))).toEqual([]);
  });

  test('a broken decoder file is no reason to call its decoders unknown', () => {
    const rules =
      '<group name="t,"><rule id="100" level="3"><decoded_as>a</decoded_as><description>d</description></rule></group>';
    expect(codesOf(compile({ decoders: '<decoder name="a"><prematch>x</decoder>', rules }))).toEqual([
      'fatal xml-wrong-closing-tag',
    ]);
  });
});
