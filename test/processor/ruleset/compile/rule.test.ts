import { describe, expect, test } from 'vitest';
import { codesOf, compile, conditionKinds, group, ruleOf, rulesetOf } from './helpers.ts';

/** What the only complaint says about one rule. */
function complaintOf(attributes: string, elements: string, dialect: 'wazuh' | 'ossec' = 'wazuh') {
  const { diagnostics, ruleset } = compile({
    rules: group('t,', [attributes, elements]),
    dialect,
    lists: { 'etc/lists/l': 'a:b' },
  });
  expect(diagnostics).toHaveLength(1);
  return { loaded: ruleset?.rules.has('100') ?? false, ...diagnostics[0] };
}

describe('what stops Wazuh is fatal, with a place and a word of help', () => {
  test.each([
    ['id="1000000" level="3"', '', 'rule-bad-id', /100000 to 120000/],
    ['id="x" level="3"', '', 'rule-bad-id', /digits/],
    ['level="3"', '', 'rule-without-id', /id=/],
    ['id="100"', '', 'rule-without-level', /level/],
    ['id="100" level="abc"', '', 'rule-bad-level', /"0" to/],
    ['id="100" level=" 3"', '', 'rule-bad-level', /"0" to/],
    ['id="100" level="17"', '', 'rule-bad-level', /16/],
    ['id="100" level="3" frequency="1"', '<if_matched_sid>1</if_matched_sid>', 'rule-bad-frequency', /leave it out/],
    ['id="100" level="3" frequency="$F"', '<if_matched_sid>1</if_matched_sid>', 'rule-bad-frequency', /variable/],
    ['id="100" level="3" timeframe="x"', '', 'rule-bad-timeframe', /digits/],
    ['id="100" level="3" accuracy="abc"', '', 'rule-bad-accuracy', /digits/],
    ['id="100" level="3" override="yes"', '', 'rule-unknown-attribute', /"overwrite"/],
    ['id="100" level="3" overwrite="true"', '', 'rule-bad-overwrite', undefined],
    ['id="100" level="3" frequency="3"', '', 'rule-frequency-without-context', /if_matched_sid/],
    ['id="100" level="3"', '<foo/>', 'rule-unknown-element', undefined],
    ['id="100" level="3"', '<frequency>3</frequency>', 'rule-unknown-element', /attribute/],
    ['id="100" level="3"', '<if_same_source/>', 'rule-unknown-element', /same_source_ip/],
    ['id="100" level="3"', '<different_source_ip/>', 'rule-unknown-element', /different_srcip/],
    ['id="100" level="3"', '<pcre2>x</pcre2>', 'rule-unknown-element', /<regex type="pcre2">/],
    ['id="100" level="3"', '<url_pcre2>x</url_pcre2>', 'rule-unknown-element', /<url type="pcre2">/],
    ['id="100" level="3"', '<SAME_ID/>', 'rule-unknown-element', /small letters/],
    ['id="100" level="3"', '<mach>x</mach>', 'rule-unknown-element', /<match>/],
    ['id="100" level="3"', '<tactic>x</tactic>', 'rule-unknown-element', /<mitre>/],
    ['id="100" level="3"', '<decoded_as> app </decoded_as>', 'rule-unknown-decoder', /"app"/],
    ['id="100" level="3"', '<decoded_as>ap</decoded_as>', 'rule-unknown-decoder', /"app"/],
    ['id="100" level="3"', '<category>SYSLOG</category>', 'rule-bad-category', /small letters/],
    ['id="100" level="3"', '<regex>a(b|c)</regex>', 'rule-bad-pattern', /pcre2/],
    ['id="100" level="3"', '<field name="a">(a(b))</field>', 'rule-bad-pattern', /pcre2/],
    ['id="100" level="3"', '<field name="srcip">x</field>', 'rule-field-is-static', /<srcip>/],
    ['id="100" level="3"', '<field name="DstUser">x</field>', 'rule-field-is-static', /<user>/],
    ['id="100" level="3"', '<field>x</field>', 'rule-field-without-name', /name/],
    ['id="100" level="3"', '<options>no_logs</options>', 'rule-bad-option', /"no_log"/],
    ['id="100" level="3"', '<time>8 - 25</time>', 'rule-bad-time', /6 pm/],
    ['id="100" level="3"', '<weekday>!monday</weekday>', 'rule-bad-weekday', /negated/],
    ['id="100" level="3"', '<compiled_rule>nope</compiled_rule>', 'rule-unknown-compiled-rule', /check_id_size/],
    ['id="100" level="3"', '<list>etc/lists/l</list>', 'rule-list-without-field', /field=/],
    [
      'id="100" level="3"',
      '<list field="k" lookup="mach_key">etc/lists/l</list>',
      'rule-list-bad-lookup',
      /"match_key"/,
    ],
    ['id="100" level="3"', '<list field="k" foo="x">etc/lists/l</list>', 'rule-list-unknown-attribute', /check_value/],
    ['id="100" level="3"', '<ignore>srcip,</ignore>', 'rule-bad-ignore', /commas/],
  ])('%s %s: %s', (attributes, elements, code, help) => {
    const complaint = complaintOf(attributes, elements);
    expect(complaint).toMatchObject({ severity: 'fatal', code, loaded: false, span: { file: 'rules/a.xml', line: 2 } });
    if (help !== undefined) expect(complaint.help).toMatch(help);
  });

  test.each([
    [
      '<group name="t,"><rule id="100" level="3"></rule></group>',
      ['fatal rule-empty', 'fatal rule-without-description'],
    ],
    ['<group name="t,"><rule id="100" level="3"><match>x</match></rule></group>', ['fatal rule-without-description']],
    ['<rule id="100" level="3"><description>d</description></rule>', ['fatal rule-outside-group']],
    ['<group><rule id="100" level="3"><description>d</description></rule></group>', ['fatal group-bad-attributes']],
    [
      '<group name="t," x="y"><rule id="100" level="3"><description>d</description></rule></group>',
      ['fatal group-bad-attributes'],
    ],
    ['<group name="t,"></group>', ['fatal group-without-rules']],
    ['<group name="t,"><group name="u,"/></group>', ['fatal group-unknown-element']],
    ['<!-- nothing -->', ['fatal rule-file-empty']],
  ])('%s', (rules, codes) => {
    expect(codesOf(compile({ rules }))).toEqual(codes);
  });

  test('all that is wrong is found at once', () => {
    const rules = group(
      't,',
      ['id="100" level="99"'],
      ['id="101" level="3"', '<foo/><regex>(</regex>'],
      ['id="102" level="3"'],
    );
    expect(codesOf(compile({ rules }))).toEqual([
      'fatal rule-bad-level',
      'fatal rule-unknown-element',
      'fatal rule-bad-pattern',
    ]);
  });
});

describe('what Wazuh only complains about is a warning', () => {
  test.each([
    ['noalert="yes"', '', 'warning', 'rule-bad-noalert', true],
    ['', '<match negate="foo">x</match>', 'warning', 'rule-bad-negate', true],
    ['', '<match type="regex">x</match>', 'warning', 'rule-bad-type', true],
    ['', '<same_agent/>', 'warning', 'rule-deprecated-element', true],
    ['', '<info type="nope">x</info>', 'error', 'rule-info-bad-type', true],
    ['', `<match>${'x'.repeat(2048)}</match>`, 'error', 'rule-text-too-long', true],
    ['', '<mitre></mitre>', 'warning', 'rule-mitre-empty', true],
    ['', '<mitre><foo>x</foo></mitre>', 'error', 'rule-mitre-unknown-element', true],
    ['', '<mitre><id>T1110</id><tacticID>TA0006</tacticID></mitre>', 'warning', 'rule-mitre-mixed', true],
    ['', '<if_level>x</if_level><nonsense/>', 'warning', 'rule-bad-if-level', false],
    ['', '<if_level>0</if_level>', 'warning', 'rule-bad-if-level', false],
    ['', '<if_matched_sid>1,2</if_matched_sid>', 'warning', 'rule-bad-if-matched-sid', false],
    ['', '<list field="k">etc/lists/none</list><nonsense/>', 'warning', 'rule-list-not-configured', false],
  ])('%s %s', (attributes, elements, severity, code, loaded) => {
    expect(complaintOf(`id="100" level="3" ${attributes}`, elements)).toMatchObject({ severity, code, loaded });
  });
});

describe('OSSEC has its own mind', () => {
  test.each([
    ['<location>x</location>', 'rule-unknown-element'],
    ['<global_frequency/>', 'rule-unknown-element'],
    ['<if_level>x</if_level>', 'rule-bad-if-level'],
    ['<ignore>foo</ignore>', 'rule-bad-ignore'],
    ['<options>no_full_log</options>', 'rule-bad-option'],
    ['<list field="dyn">etc/lists/l</list>', 'rule-list-bad-field'],
    ['<field key="a">x</field>', 'rule-field-without-name'],
    ['<pcre2></pcre2>', 'rule-bad-pattern'],
  ])('%s is fatal', (elements, code) => {
    expect(complaintOf('id="100" level="3"', elements, 'ossec')).toMatchObject({ severity: 'fatal', code });
  });

  test('an unknown list only never matches', () => {
    const rules = group('t,', ['id="100" level="3"', '<list field="id" lookup="not_match_key">none</list>']);
    const ruleset = rulesetOf({ rules, dialect: 'ossec' });
    expect(ruleOf(ruleset, 100).conditions).toMatchObject([{ kind: 'list', lookup: 'match_key' }]);
  });

  test('a description is not needed, and the plain form wins over the one with pcre2', () => {
    const rules =
      '<group name="t,"><rule id="100" level="3"><pcre2>a</pcre2><regex>b</regex><url_pcre2>c</url_pcre2></rule></group>';
    expect(ruleOf(rulesetOf({ rules, dialect: 'ossec' }), 100).conditions).toMatchObject([
      { element: 'regex', matcher: { pattern: 'b' } },
      { element: 'url_pcre2', matcher: { pattern: 'c' } },
    ]);
  });
});

describe('what a rule says', () => {
  test('pieces are joined with nothing between, attributes of the last one count', () => {
    const elements = '<match negate="yes">a|</match><match type="pcre2">b</match><description>one\n</description>';
    const rule = ruleOf(
      rulesetOf({ rules: group('t', ['id="100" level="3"', `${elements}<group>u,</group><group>\nv,</group>`]) }),
      100,
    );
    expect(rule.conditions).toMatchObject([
      { element: 'match', negate: false, matcher: { language: 'pcre2', pattern: 'a|b' } },
    ]);
    expect(rule.groupText).toBe('tu,v,');
    expect(rule.description.raw).toBe('one d');
  });

  test('conditions come in the order of the original', () => {
    const elements = [
      '<status>x</status><hostname>x</hostname><extra_data>x</extra_data><data>x</data><weekday>monday</weekday><time>1-2</time>',
      '<user>x</user><compiled_rule>check_id_size</compiled_rule><dstport>1</dstport><srcport>1</srcport><dstip>10.0.0.1</dstip><srcip>10.0.0.1</srcip>',
      '<field name="b">x</field><field name="a">x</field><location>x</location><url>x</url><action>x</action><regex>x</regex><match>x</match>',
      '<protocol>x</protocol><system_name>x</system_name><id>x</id><program_name>x</program_name><decoded_as>app</decoded_as>',
      '<list field="srcip">l</list><if_fts/><check_diff/>',
    ].join('');
    const ruleset = rulesetOf({
      rules: group('t,', ['id="100" level="3" maxsize="5"', elements]),
      lists: { l: 'a:b' },
    });
    expect(conditionKinds(ruleOf(ruleset, 100))).toEqual([
      ...[
        'decoded_as',
        'program_name',
        'id',
        'system_name',
        'protocol',
        'match',
        'regex',
        'action',
        'url',
        'location',
        'field',
        'field',
      ],
      ...[
        'srcip',
        'dstip',
        'srcport',
        'dstport',
        'compiled_rule',
        'user',
        'maxsize',
        'time',
        'weekday',
        'data',
        'extra_data',
        'hostname',
        'status',
      ],
      ...['check_diff', 'if_fts', 'list'],
    ]);
  });

  test('numbers are cut at their width', () => {
    const rules = group(
      't,',
      ['id="100" level="3" maxsize="12345" ignore="12345678"'],
      ['id="101" level="3" timeframe="123456"', '<if_matched_sid>100</if_matched_sid>'],
    );
    const ruleset = rulesetOf({ rules });
    expect(ruleOf(ruleset, 100)).toMatchObject({
      conditions: [{ kind: 'maxsize', bytes: 1234 }],
      ignoreSeconds: 123456,
    });
    expect(ruleOf(ruleset, 101).correlation?.timeframe).toBe(12345);
  });

  test.each([
    ['12', '', { log: true, mail: true, noCounter: false }],
    ['3', '', { log: true, mail: false }],
    ['2', '', { log: false }],
    ['2', '<options>log_alert</options>', { log: true }],
    ['12', '<options>no_counter</options><options>no_log</options>', { log: false, noCounter: false }],
    ['2', '<options>no_counter</options><options>no_log</options>', { log: false, noCounter: true }],
    [
      '12',
      '<options>no_email_alert</options><options>no_full_log</options><options>no_ar</options>',
      { mail: false, noFullLog: true, noActiveResponse: true },
    ],
  ])('options of level %s with %s', (level, elements, expected) => {
    expect(
      ruleOf(rulesetOf({ rules: group('t,', [`id="100" level="${level}"`, elements]) }), 100).options,
    ).toMatchObject(expected);
  });

  test('groups split as alerts show them', () => {
    const rules = group('t,', [
      'id="100" level="3"',
      '<group>pci_dss_10.2.4,gdpr_IV, spaced ,pci_dss_,nist_800_53_AU.14,</group>',
    ]);
    const rule = ruleOf(rulesetOf({ rules }), 100);
    expect(rule.groups).toEqual(['t', ' spaced ']);
    expect([...rule.compliance]).toEqual([
      ['pci_dss', ['10.2.4', '']],
      ['gdpr', ['IV']],
      ['nist_800_53', ['AU.14']],
    ]);
  });

  test('descriptions split at their fields', () => {
    const describe = (text: string, dialect: 'wazuh' | 'ossec' = 'wazuh') => {
      const rules = `<group name="t,"><rule id="100" level="3"><description>${text}</description></rule></group>`;
      return ruleOf(rulesetOf({ rules, dialect }), 100).description.parts;
    };
    expect(describe('plain')).toBeUndefined();
    expect(describe('a $(srcip)$(user) b $(hostname)')).toMatchObject([
      { text: 'a ' },
      { field: { kind: 'static', name: 'srcip' } },
      { field: { kind: 'dynamic', key: 'user' } },
      { text: ' b ' },
      { field: { kind: 'event', name: 'hostname' } },
    ]);
    expect(describe('a $(srcip')).toEqual([{ text: 'a $(srcip' }]);
    expect(describe('a $(srcip)', 'ossec')).toBeUndefined();
  });

  test('techniques get their names and tactics', () => {
    const mitre = (elements: string) =>
      ruleOf(rulesetOf({ rules: group('t,', ['id="100" level="3"', elements]) }), 100).mitre;
    expect(mitre('<mitre><id>T1110.001</id><id>T1021.004</id><id>T1110.001</id></mitre>')).toEqual({
      id: ['T1110.001', 'T1021.004'],
      tactic: ['Credential Access', 'Lateral Movement'],
      technique: ['Password Guessing', 'SSH'],
    });
    expect(mitre('<mitre><tacticID>TA0006</tacticID><techniqueID>T1110</techniqueID></mitre>')).toEqual({
      id: ['T1110'],
      tactic: ['Credential Access'],
      technique: ['Brute Force'],
    });
    expect(mitre('<mitre><id>__proto__</id></mitre>')).toEqual({ id: ['__proto__'], tactic: [], technique: [] });
    expect(mitre('')).toBeUndefined();
  });

  test('of three lists strict looks up two', () => {
    const rules = group('t,', [
      'id="100" level="3"',
      '<list field="a">l</list><list field="b">l.cdb</list><list field="c">l</list>',
    ]);
    const fields = (compat: 'default' | 'strict') =>
      ruleOf(rulesetOf({ rules, lists: { l: 'a:b' }, compat }), 100).conditions.map((condition) =>
        condition.kind === 'list' ? condition.field.name : '',
      );
    expect(fields('default')).toEqual(['a', 'b', 'c']);
    expect(fields('strict')).toEqual(['b', 'c']);
  });
});
