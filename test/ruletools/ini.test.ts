import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIni } from '../../src/ruletools/ruletest/ini.ts';
import { readIniTests } from '../../src/ruletools/ruletest/ini-tests.ts';

function read(text: string, dialect: 'wazuh' | 'ossec' = 'wazuh') {
  const { sections, problems } = readIni(text, dialect);
  const plain = sections.map(({ name, options }) => [
    name,
    Object.fromEntries([...options].map(([key, { value }]) => [key, value])),
  ]);
  return { sections: Object.fromEntries(plain), problems: problems.map(({ line }) => line) };
}

/** Each of them was compared with what Python's configparser makes of it. */
describe('readIni', () => {
  it.each([
    [
      'an option is split at its first = or :',
      '[a]\nlog 1 pass = x: y=z\nb: c=d',
      { a: { 'log 1 pass': 'x: y=z', b: 'c=d' } },
    ],
    ['names are in lower case, values stripped', '[a]\nLOG 1 Pass =  x  ', { a: { 'log 1 pass': 'x' } }],
    ['comments are whole lines', '[a]\n; no\n  # no\nx = a ; b # c', { a: { x: 'a ; b # c' } }],
    ['repeated options come together', '[a]\nx = 1\ny = 2\nx = 3', { a: { x: '1\n3', y: '2' } }],
    ['sections may be repeated', '[a]\nx = 1\n[b]\n[a]\nx = 2', { a: { x: '1\n2' }, b: {} }],
    ['indented lines go on', '[a]\nx = 1\n  2\n\n  3\n', { a: { x: '1\n2\n\n3' } }],
    ['what is indented less begins anew', '[a]\n  x = 1\n y = 2', { a: { x: '1', y: '2' } }],
    ['a value may be blank', '[a]\nx =\ny', { a: { x: '' } }],
    ['a section ends at the last bracket', '[a [b] c] d\nx = 1', { 'a [b] c': { x: '1' } }],
    ['defaults go into every section', '[a]\nx = 1\n[DEFAULT]\ny = 2', { a: { y: '2', x: '1' } }],
    ['a line may end in a carriage return', '[a]\r\nx = 1\r\ny = 2\r', { a: { x: '1', y: '2' } }],
  ])('%s', (_name, text, expected) => {
    expect(read(text).sections).toEqual(expected);
  });

  it.each([
    ['the last of repeated options counts', '[a]\nx = 1\nx = 3', { a: { x: '3' } }],
    [
      'a blank and ; begin a comment',
      '[a]\nx = 1 ; 2\ny = 1; 2\nz = 1;2 ; 3',
      { a: { x: '1', y: '1; 2', z: '1;2 ; 3' } },
    ],
    ['any blank goes on, and so does no line', '[a]\nx = 1\n\n 2\nrem x\n # 3', { a: { x: '1\n2\n# 3' } }],
    ['quotes alone are nothing', '[a]\nx = ""\n[b] c]', { a: { x: '' }, b: {} }],
  ])('of OSSEC: %s', (_name, text, expected) => {
    expect(read(text, 'ossec').sections).toEqual(expected);
  });

  it('says where a line is neither section nor option', () => {
    expect(read('x = 1\n[a]\nnothing\n= 1\n[]').problems).toEqual([1, 3, 4, 5]);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        read(`[a]\n${text}`);
        read(`[a]\n${text}`, 'ossec');
      }),
    );
  });
});

describe('readIniTests', () => {
  const options = { dialect: 'wazuh', startMs: 5000, toBytes: (text: string) => text } as const;

  it('makes a test of each log option, with a log for each line', () => {
    const text =
      '[ssh]\nlog 1 pass = a\nlog 1 pass = b\nlog 2 fail = c\nlog 3 = d\nother = e\nrule = 1\nalert = 2\ndecoder = x\n';
    const { tests, errors } = readIniTests('f.ini', text, options);
    expect(errors).toEqual([]);
    expect(tests.map(({ name, line, steps, verdict }) => [name, line, steps.map(({ log }) => log), verdict])).toEqual([
      ['ssh / log 1 pass', 2, ['a', 'b'], { kind: 'ini', expected: '1:2:x', negated: false }],
      ['ssh / log 2 fail', 4, ['c'], { kind: 'ini', expected: '1:2:x', negated: true }],
      ['ssh / log 3', 5, ['d'], { kind: 'ini', expected: '1:2:x', negated: false }],
    ]);
  });

  it('takes a section without an expectation for an error with its place', () => {
    const { tests, errors } = readIniTests('f.ini', '\n[ssh]\nlog 1 pass = a\nrule = 1\n', options);
    expect(tests).toEqual([]);
    expect(errors).toEqual([{ file: 'f.ini', line: 2, message: 'section [ssh] has no alert, no decoder' }]);
  });
});
