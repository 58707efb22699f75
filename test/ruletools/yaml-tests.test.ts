import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TEST_START_MS } from '../../src/ruletools/ruletest/rule-test.ts';
import { readYamlTests } from '../../src/ruletools/ruletest/yaml-tests.ts';

const read = (text: string) => readYamlTests('t.yaml', text, TEST_START_MS);

describe('readYamlTests', () => {
  it('gives every log its time, place and expectation', () => {
    const { tests, errors } = read(`location: /var/log/auth.log
tests:
  - name: burst
    start: 2026-03-01T10:00:00Z
    logs:
      - first
      - { log: second, after: 10s, repeat: 3, location: other }
      - { log: third, at: 1700000000, expect: { rule: 5, fields: { a: 1, b: null } } }
      - last é
    expect: { absent: true }
`);
    expect(errors).toEqual([]);
    expect(tests).toHaveLength(1);
    const start = Date.UTC(2026, 2, 1, 10);
    expect(tests[0]!.steps.map(({ log, location, timeMs }) => [log, location, timeMs])).toEqual([
      ['first', '/var/log/auth.log', start],
      ['second', 'other', start + 10_000],
      ['second', 'other', start + 20_000],
      ['second', 'other', start + 30_000],
      ['third', '/var/log/auth.log', 1_700_000_000_000],
      ['last \xc3\xa9', '/var/log/auth.log', 1_700_000_000_000],
    ]);
    expect(tests[0]!.steps.map(({ expect: wanted }) => wanted)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      { rule: '5', fields: { a: '1', b: null } },
      { absent: true },
    ]);
  });

  it('takes fields of any name', () => {
    const { tests } = read('tests: [{ name: x, logs: [a], expect: { fields: { constructor: y, toString: z } } }]');
    expect(tests[0]!.steps[0]!.expect!.fields).toEqual({ constructor: 'y', toString: 'z' });
  });

  it.each([
    [
      'an unknown key',
      'tests:\n  - name: x\n    logs: [a]\n    expext: {}\n',
      '4:5: tests[1].expext: unknown key; did you mean "expect"?',
    ],
    [
      'an unknown expectation',
      'tests:\n  - name: x\n    logs: [a]\n    expect:\n      rules: 1\n',
      '5:7: tests[1].expect.rules: unknown key; did you mean "rule"?',
    ],
    ['no tests', 'tests: []', '1:8: tests: there is no test'],
    ['another document', '- a', '1:1: Invalid input: expected object, received array'],
    ['no document', '', '1:1: Invalid input: expected object, received null'],
    [
      'a rule that is no number',
      'tests: [{ name: x, logs: [a], expect: { rule: ssh } }]',
      '1:47: tests[1].expect.rule: a rule id is a number',
    ],
    [
      'a bad time',
      'tests: [{ name: x, start: noon, logs: [a], expect: { rule: 1 } }]',
      '1:27: tests[1].start: a time is written as',
    ],
    [
      'a bad duration',
      'tests: [{ name: x, logs: [{ log: a, after: soon }], expect: { rule: 1 } }]',
      '1:44: tests[1].logs[1].after: a duration',
    ],
    [
      'a bad queue',
      'tests: [{ name: x, queue: windows, logs: [a], expect: { rule: 1 } }]',
      '1:27: tests[1].queue: a queue is one character',
    ],
    [
      'both times',
      'tests: [{ name: x, logs: [{ log: a, after: 1s, at: 5 }], expect: { rule: 1 } }]',
      '1:9: test "x" has a log with both at and after',
    ],
    ['no expectation', 'tests: [{ name: x, logs: [a] }]', '1:9: test "x" expects nothing'],
    [
      'two expectations',
      'tests: [{ name: x, logs: [{ log: a, expect: { rule: 1 } }], expect: { rule: 1 } }]',
      '1:9: test "x" has two expect',
    ],
    [
      'a contradiction',
      'tests: [{ name: x, logs: [a], expect: { absent: true, level: 3 } }]',
      '1:9: test "x" expects no rule (absent), but a level',
    ],
    ['broken YAML', 'tests: [', '1:9: '],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
      '1:1: Excessive alias count',
    ],
  ])('refuses %s with its place', (_name, text, expected) => {
    const { tests, errors } = read(text);
    expect(tests).toEqual([]);
    const [error] = errors;
    expect(`${error?.line}:${error?.column ?? 1}: ${error?.message}`).toContain(expected);
  });
});

it('never throws, whatever the file holds', () => {
  const word = fc.constantFrom(
    'tests',
    'name',
    'logs',
    'log',
    'expect',
    'rule',
    ':',
    '- ',
    '\n',
    '\n  ',
    '{',
    '}',
    '[',
    ']',
    '&a',
    '*a',
    '!!x',
    '"',
    '1',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 4 })), { maxLength: 40 }), (parts) => {
      const { tests, errors } = read(parts.join(''));
      expect(tests.length + errors.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});
