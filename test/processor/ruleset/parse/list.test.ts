import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseList } from '../../../../src/processor/ruleset/parse/list.ts';

describe('lines of a Wazuh list', () => {
  test.each([
    ['a:b', { a: 'b' }],
    ['a:', { a: '' }],
    ['a:b:c', { a: 'b:c' }],
    ['"a:b":c', { 'a:b': 'c' }],
    ['"a:b":"c:d"', { 'a:b': 'c:d' }],
    ['a:"x y"', { a: 'x y' }],
    ['x "a:b":c', { 'a:b': 'c' }],
    ['"a":b"c"d', { a: 'c' }],
    ['a:x"y"z', { a: 'y' }],
    [' k : v ', { ' k ': ' v ' }],
    ['# c:d', { '# c': 'd' }],
    ['10.1.:net', { '10.1.': 'net' }],
    ['a:b\r\nc:d\n', { a: 'b', c: 'd' }],
    ['a:b\rc:d', { a: 'b' }],
    [':v', { '': 'v' }],
    ['a:1\na:2', { a: '1' }],
    ['__proto__:x\nconstructor:y', { ['__proto__']: 'x', constructor: 'y' }],
  ])('%j', (text, expected) => {
    expect([...parseList(text, 'wazuh').entries]).toEqual(Object.entries(expected));
  });

  test.each([
    ['a', 'list-line-without-colon'],
    ['"a:b"', undefined],
    ['a"b:c', 'list-line-unbalanced-quotes'],
    ['a:"x', 'list-line-unbalanced-quotes'],
    ['a:1\na:2', 'list-duplicate-key'],
  ])('%j is reported with its line', (text, code) => {
    const { entries, problems } = parseList(`\n${text}`, 'wazuh');
    expect(problems).toMatchObject([{ code: code ?? 'list-line-without-colon', line: text.includes('\n') ? 3 : 2 }]);
    expect(entries.size).toBe(code === 'list-duplicate-key' ? 1 : 0);
  });
});

test('lines of an OSSEC list: comments, no quotes', () => {
  const text = '### full line\nbob:1 ### staff\nann:1###x\nc#d:1\n# e:1\nf ###:1\n"q":1\n';
  const { entries, problems } = parseList(text, 'ossec');
  expect(Object.fromEntries(entries)).toEqual({ bob: '1', ann: '1', 'c#d': '1', '# e': '1', '"q"': '1' });
  expect(problems).toMatchObject([{ code: 'list-line-without-colon', line: 6 }]);
});

test('a long line is read in the pieces that the original reads', () => {
  const { entries, problems } = parseList(`a:${'x'.repeat(70000)}:y`, 'wazuh');
  expect(entries.get('a')).toHaveLength(65532);
  expect(problems).toMatchObject([{ code: 'list-line-too-long', line: 1 }]);
});

test('complaints are bounded', () => {
  expect(parseList('x\n'.repeat(10000), 'wazuh').problems).toHaveLength(50);
});

test.each(['wazuh', 'ossec'] as const)('any bytes give a list (%s)', (dialect) => {
  const part = fc.constantFrom('a', ':', '"', '#', '###', '\n', '\r', ' ', '\0', '\xff', '\\');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const { entries } = parseList(parts.join(''), dialect);
      for (const [key, value] of entries) expect(`${key}${value}`).not.toMatch(/[\n\r\0]/);
    }),
    { numRuns: 2000 },
  );
});
