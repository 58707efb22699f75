import { describe, expect, it } from 'vitest';
import { printableJson, printableLine, printableText } from '../../src/pdata/printable.ts';

describe('printable', () => {
  it.each<[string, string, string]>([
    ['plain text é€😀', 'plain text é€😀', 'plain text é€😀'],
    ['a\tb\nc', 'a\tb\nc', 'a\tb\\x0ac'],
    ['\x1b[31mred\r\x00\x07', '\\x1b[31mred\\x0d\\x00\\x07', '\\x1b[31mred\\x0d\\x00\\x07'],
    ['\x7f\x85\x9b', '\\x7f\\x85\\x9b', '\\x7f\\x85\\x9b'],
    ['\u2028\u202e\u2066', '\\u2028\\u202e\\u2066', '\\u2028\\u202e\\u2066'],
  ])('%j', (text, expectedText, expectedLine) => {
    expect(printableText(text)).toBe(expectedText);
    expect(printableLine(text)).toBe(expectedLine);
  });

  it('changes how JSON is written, not what it says', () => {
    const value = { 'k\x9b': 'a\x1b\x7f\u2028\n\u202e"\\' };
    const json = printableJson(JSON.stringify(value));
    expect(json).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u202e]/);
    expect(JSON.parse(json)).toEqual(value);
  });
});
