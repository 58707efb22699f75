import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFieldNumber, printJson } from '../../../../src/processor/ruleset/evaluate/json-print.ts';
import { type JsonNode, readJson } from '../../../../src/processor/ruleset/evaluate/json-reader.ts';

/** A node as plain data: members as pairs, so that order and repeats show. */
function plain(node: JsonNode | undefined): unknown {
  if (!node) return undefined;
  if (node.kind === 'string' || node.kind === 'number') return node.value;
  if (node.kind === 'array') return node.children.map(plain);
  if (node.kind === 'object') return { pairs: node.children.map((child) => [child.name, plain(child)]) };
  return node.kind;
}

describe('readJson', () => {
  test.each<[text: string, value: unknown]>([
    [
      '{"a":1,"a":2,"b":{}}',
      {
        pairs: [
          ['a', 1],
          ['a', 2],
          ['b', { pairs: [] }],
        ],
      },
    ],
    ['  \x01[1, "x" ,null]trailing', [1, 'x', 'null']],
    ['\xef\xbb\xbftrue', 'true'],
    ['"\\u00e9\\ud83d\\ude00"', '\xc3\xa9\xf0\x9f\x98\x80'],
    ['"a\\u0000b"', 'a'],
    ['"raw \n\t control"', 'raw \n\t control'],
    ['01', 1],
    ['1.', 1],
    ['-0', -0],
    ['nullish', 'null'],
    ['{"a":1,}', undefined],
    ['[1 2]', undefined],
    ['[1-2]', undefined],
    ['"\\x41"', undefined],
    ['"\\ud83d"', undefined],
    ['"open', undefined],
    ["{'a':1}", undefined],
    ['', undefined],
    ['+1', undefined],
  ])('%j', (text, value) => {
    expect(plain(readJson(text))).toEqual(value);
  });

  test('refuses nesting beyond the limit of the original without growing the stack', () => {
    expect(readJson('['.repeat(10_000))).toBeUndefined();
    expect(readJson(`${'{"a":'.repeat(1001)}1${'}'.repeat(1001)}`)).toBeUndefined();
    expect(readJson(`${'['.repeat(1000)}${']'.repeat(1000)}`)).toBeDefined();
  });

  test('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const bytes = Buffer.from(JSON.stringify(value)).toString('latin1');
        const text = (node: JsonNode): unknown => {
          if (node.kind === 'string') return Buffer.from(node.value, 'latin1').toString();
          if (node.kind === 'array') return node.children.map(text);
          if (node.kind === 'object') {
            const entries = node.children.map(
              (c) => [Buffer.from(c.name ?? '', 'latin1').toString(), text(c)] as const,
            );
            return Object.fromEntries(entries);
          }
          return node.kind === 'number' ? node.value : { null: null, true: true, false: false }[node.kind];
        };
        // A zero byte ends a text, and lone surrogates are malformed there.
        fc.pre(!/\\u0000|\\ud[89a-f]/i.test(bytes));
        expect(text(readJson(bytes)!)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u019aetnf .-') }), (text) => void readJson(text)),
    );
  });
});

test.each<[value: number, text: string]>([
  [1, '1'],
  [-0, '0'],
  [1.5, '1.500000'],
  [2147483647, '2147483647'],
  [2147483648, '2147483648.000000'],
  [-2147483649, '-2147483649.000000'],
  [1700000000000, '1700000000000.000000'],
  [1e22, '10000000000000000000000.000000'],
  [Number.POSITIVE_INFINITY, 'inf'],
  [0.0078125, '0.007812'],
  [0.0234375, '0.023438'],
  [-0.0000001, '-0.000000'],
])('number %d is the field %s', (value, text) => {
  expect(formatFieldNumber(value)).toBe(text);
});

test.each<[json: string, text: string]>([
  ['["a",1,true,null]', '["a", 1, true, null]'],
  ['[{"a":1,"b":[]}]', '[{\n\t\t"a":\t1,\n\t\t"b":\t[]\n\t}]'],
  ['[{}]', '[{\n\t}]'],
  ['[1e15,1e14,0.1,1e-5,123456789012345678]', '[1e+15, 100000000000000, 0.1, 1e-05, 1.2345678901234568e+17]'],
  ['["q\\"\\\\\\n\\u0001\\/"]', '["q\\"\\\\\\n\\u0001/"]'],
])('%s prints as an array field', (json, text) => {
  expect(printJson(readJson(json)!)).toBe(text);
});
