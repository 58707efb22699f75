/**
 * Writes protobuf's wire format from the last byte to the first. The length of a nested message is known once its
 * content is written, so one pass is enough, without measuring and without padded lengths.
 * Callers write fields in reverse order and call `close` with the `size` from before the message.
 */
export class WireWriter {
  private buffer: Buffer;
  private pos: number;

  constructor(initialBytes = 16 * 1024) {
    this.buffer = Buffer.allocUnsafe(initialBytes);
    this.pos = initialBytes;
  }

  /** Bytes written so far. */
  get size(): number {
    return this.buffer.length - this.pos;
  }

  /** The bytes written; the writer must not be used again. */
  finish(): Uint8Array {
    return new Uint8Array(this.buffer.buffer, this.buffer.byteOffset + this.pos, this.size);
  }

  varint(value: number): void {
    let length = 1;
    for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) length++;
    const start = this.reserve(length);
    let rest = value;
    for (let index = 0; index < length - 1; index++) {
      this.buffer[start + index] = (rest & 0x7f) | 0x80;
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 128);
    }
    this.buffer[start + length - 1] = rest;
  }

  /** The ten or fewer bytes of a 64-bit varint in two's complement. */
  bigVarint(value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.buffer.set(bytes, this.reserve(bytes.length));
  }

  fixed32(value: number): void {
    const start = this.reserve(4);
    this.buffer.writeUInt32LE(value >>> 0, start);
  }

  fixed64(value: bigint): void {
    const start = this.reserve(8);
    this.buffer.writeBigUInt64LE(BigInt.asUintN(64, value), start);
  }

  double(value: number): void {
    const start = this.reserve(8);
    this.buffer.writeDoubleLE(value, start);
  }

  raw(bytes: Uint8Array): void {
    const start = this.reserve(bytes.length);
    this.buffer.set(bytes, start);
  }

  /** UTF-8 without a length; lone surrogates become U+FFFD. */
  text(text: string): void {
    const length = Buffer.byteLength(text);
    const start = this.reserve(length);
    this.buffer.write(text, start, length);
  }

  /** Puts tag and length before what was written since `sizeBefore`. */
  close(tag: number, sizeBefore: number): void {
    this.varint(this.size - sizeBefore);
    this.varint(tag);
  }

  /** A string field; nothing for an empty one, as proto3 does. */
  stringField(tag: number, text: string): void {
    if (text === '') return;
    const before = this.size;
    this.text(text);
    this.close(tag, before);
  }

  private reserve(length: number): number {
    if (length > this.pos) this.grow(length);
    this.pos -= length;
    return this.pos;
  }

  private grow(length: number): void {
    const used = this.size;
    const next = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, used + length));
    next.set(this.buffer.subarray(this.pos), next.length - used);
    this.pos = next.length - used;
    this.buffer = next;
  }
}
