import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  openEntries,
  PackedList,
  packList,
  packListInTurns,
  sendEntries,
} from '../../../../src/processor/ruleset/compile/packed-list.ts';
import { parseList } from '../../../../src/processor/ruleset/parse/list.ts';

const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

const part = fc.constantFrom('a', 'b', ':', '"', '#', '###', '\n', '\r', ' ', '\t', '\0', '\xff', '\xa0', '10.1.');
/** Long enough that a line is read in pieces. */
const long = fc.constantFrom('x'.repeat(65530), `${'y'.repeat(65533)}:`);
const texts = fc
  .array(fc.oneof({ weight: 60, arbitrary: part }, { weight: 1, arbitrary: long }), { maxLength: 60 })
  .map((parts) => parts.join(''));

describe.each(['wazuh', 'ossec'] as const)('packed lists (%s)', (dialect) => {
  test('hold what a map holds, and complain of the same lines', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const expected = parseList(text, dialect);
        const { entries, problems } = packList(toBytes(text), dialect);
        expect(new Map(entries)).toEqual(expected.entries);
        expect(entries.size).toBe(expected.entries.size);
        expect(problems).toEqual(expected.problems);
        for (const [key, value] of expected.entries) expect(entries.get(key)).toBe(value);
        for (const key of ['', 'a', 'ab', '10.1', '\xff', 'zz', 'ÿĀ']) {
          expect(entries.get(key)).toBe(expected.entries.get(key));
          expect(entries.has(key)).toBe(expected.entries.has(key));
        }
      }),
      { numRuns: 1500 },
    );
  });
});

test('ten thousand keys, first come, first served', async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `10.${(i % 10_000) >> 8}.${i & 255}.${i % 7}:value ${i}`);
  const text = lines.join('\n');
  const expected = parseList(text, 'wazuh').entries;
  const { entries } = await packListInTurns(toBytes(text), 'wazuh');
  expect(new Map(entries)).toEqual(expected);
  for (const [key, value] of expected) expect(entries.get(key)).toBe(value);
  expect(entries.get('10.0.0')).toBeUndefined();
});

test('a table full of one hash still ends its searches', () => {
  const { entries } = packList(toBytes('a:1\n'.repeat(100)), 'wazuh');
  expect(entries.size).toBe(1);
  expect(entries.get('b')).toBeUndefined();
});

test('go to another thread without a copy', () => {
  const { entries } = packList(toBytes('a:1\nb:2\n'), 'wazuh');
  const opened = openEntries(structuredClone(sendEntries(entries)));
  expect(opened).toBeInstanceOf(PackedList);
  expect((opened as PackedList).data.lines.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(opened.get('b')).toBe('2');
  expect(openEntries(structuredClone(sendEntries(new Map([['x', 'y']])))).get('x')).toBe('y');
});
