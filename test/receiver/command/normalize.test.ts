import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandSchema } from '../../../src/receiver/command/config.ts';
import { formatMessages } from '../../../src/receiver/command/message.ts';
import { normalizeOutput } from '../../../src/receiver/command/normalize.ts';

function normalize(output: string | Buffer, normalizer: object = {}): Buffer {
  const config = commandSchema.parse({ command: 'w', normalize: normalizer }).normalize;
  return normalizeOutput(Buffer.from(output as string), config);
}

describe('normalizeOutput', () => {
  it.each([
    ['nothing', '', {}, ''],
    ['carriage returns', 'a\r\nb\r\n', {}, 'a\nb'],
    ['trailing newlines, but not the blank lines before', '\n\na\n\nb\n\n\n', {}, '\n\na\n\nb'],
    ['no final newline', 'a\nb', {}, 'a\nb'],
    ['blanks at both ends', ' a  b \n\t c\t\n', { trim: true }, 'a  b\nc'],
    ['order', 'b\na\nc\n', { sort: true }, 'a\nb\nc'],
    ['columns', 'a  b\tc\nd\n', { columns: [3, 1] }, 'c a\nd'],
    ['volatile lines', 'up 5 min\nx\nup 6 min\n', { ignore: ['^up \\d+ min$', '^y'] }, 'x'],
    ['all lines ignored', 'a\nb\n', { ignore: ['.'] }, ''],
    ['columns before ignore before sort', '3 b\n1 #\n2 a\n', { columns: [2], ignore: ['^#'], sort: true }, 'a\nb'],
  ])('%s', (_name, output, normalizer, expected) => {
    expect(normalize(output, normalizer).toString()).toBe(expected);
  });

  it('keeps every byte but carriage returns and trailing newlines, whatever the encoding', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1').replaceAll('\r', '').replace(/\n+$/, '');
        expect(normalize(Buffer.from(bytes)).toString('latin1')).toBe(text);
      }),
    );
  });

  it('sorts bytes that are no UTF-8 and gives the same ones back', () => {
    expect(normalize(Buffer.from([0xff, 10, 0xe9, 10]), { sort: true })).toEqual(Buffer.from([0xe9, 10, 0xff]));
  });
});

describe('formatMessages', () => {
  it('keeps lines apart where only some are text', () => {
    const messages = formatMessages('command', 'x', Buffer.from('a\xe9\nb', 'latin1'));
    expect(messages).toEqual([Buffer.from("ossec: output: 'x': a\xe9", 'latin1'), "ossec: output: 'x': b"]);
  });

  it('gives one message for each line of any output', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().filter((line) => !line.includes('\n')),
          { minLength: 1 },
        ),
        (lines) => {
          const messages = formatMessages('command', 'x', Buffer.from(lines.join('\n')));
          expect(messages).toEqual(lines.map((line) => `ossec: output: 'x': ${Buffer.from(line).toString()}`));
        },
      ),
    );
  });
});
