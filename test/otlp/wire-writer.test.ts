import { describe, expect, it } from 'vitest';
import { WireWriter } from '../../src/otlp/wire-writer.ts';

const WRITES: [name: string, write: (writer: WireWriter) => void, bytes: readonly number[]][] = [
  ['a varint of one byte', (writer) => writer.varint(0x7f), [0x7f]],
  ['a varint of three bytes', (writer) => writer.varint(100_000), [0xa0, 0x8d, 0x06]],
  ['a varint of 64 bits', (writer) => writer.bigVarint(-1n), [...Array<number>(9).fill(0xff), 1]],
  ['a fixed32', (writer) => writer.fixed32(0x04030201), [1, 2, 3, 4]],
  ['a fixed64', (writer) => writer.fixed64(0x0807060504030201n), [1, 2, 3, 4, 5, 6, 7, 8]],
  ['a double', (writer) => writer.double(1), [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]],
  ['bytes', (writer) => writer.raw(Uint8Array.of(1, 2, 3)), [1, 2, 3]],
  ['text', (writer) => writer.text('ab'), [0x61, 0x62]],
  ['text that is not ASCII', (writer) => writer.text('ü'), [0xc3, 0xbc]],
  ['a field', (writer) => writer.stringField(10, 'a'), [10, 1, 0x61]],
  [
    'a long field',
    (writer) => writer.stringField(10, 'a'.repeat(200)),
    [10, 0xc8, 1, ...Array<number>(200).fill(0x61)],
  ],
];

describe('a buffer that is full', () => {
  it.each(WRITES)('takes %s', (_name, write, bytes) => {
    for (let free = 0; free <= bytes.length; free++) {
      // Takes the buffer that was kept, so that the next writer has a new one.
      new WireWriter();
      const writer = new WireWriter();
      // As large as the buffer, but for so many bytes.
      const filled = 64 * 1024 - free;
      writer.raw(new Uint8Array(filled));
      write(writer);
      const before = writer.finish();
      expect([...before.subarray(0, before.length - filled)]).toEqual(bytes);
      expect(before.length).toBe(filled + bytes.length);
    }
  });
});
