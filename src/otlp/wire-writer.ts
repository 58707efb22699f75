/** Texts up to here are written by a loop; longer ones by native code, whose call costs as much as that. */
const LOOP_CHARS = 64;
/** What a writer starts with, and what is kept from one request to the next at most. */
const INITIAL_BYTES = 64 * 1024;
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

/**
 * The buffer of the last writer that finished. Requests are made by the thousand: fresh memory for each costs more than
 * the copy of what was written. Taken while a writer uses it, so two writers never share one.
 */
let kept: Buffer | undefined;

/**
 * Writes protobuf's wire format from the last byte to the first. The length of a nested message is known once its
 * content is written, so one pass is enough, without measuring and without padded lengths.
 * Callers write fields in reverse order and call `close` with the `size` from before the message.
 */
export class WireWriter {
  private buffer: Buffer;
  private view: DataView;
  private pos: number;

  constructor() {
    this.buffer = kept ?? Buffer.allocUnsafeSlow(INITIAL_BYTES);
    kept = undefined;
    this.view = viewOf(this.buffer);
    this.pos = this.buffer.length;
  }

  /** Bytes written so far. */
  get size(): number {
    return this.buffer.length - this.pos;
  }

  /** A copy of the bytes written, `room` bytes from the start of its memory; the writer must not be used again. */
  finish(room = 0): Uint8Array {
    const memory = Buffer.allocUnsafeSlow(room + this.size);
    memory.set(this.buffer.subarray(this.pos), room);
    const bytes = new Uint8Array(memory.buffer, room);
    if (this.buffer.length <= MAX_KEPT_BYTES) kept = this.buffer;
    this.buffer = EMPTY;
    this.pos = 0;
    return bytes;
  }

  /** The bytes written so far, until something more is written. */
  written(): Uint8Array {
    return this.buffer.subarray(this.pos);
  }

  /** Starts anew with the same memory. */
  rewind(): void {
    this.pos = this.buffer.length;
  }

  /** A copy of what was written since `sizeBefore`. */
  copySince(sizeBefore: number): Uint8Array {
    return new Uint8Array(this.buffer.subarray(this.pos, this.buffer.length - sizeBefore));
  }

  varint(value: number): void {
    if (value < 0x80) {
      // Reserving may exchange the buffer, so it comes first, here and below.
      const start = this.reserve(1);
      this.buffer[start] = value;
      return;
    }
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
    const start = this.reserve(bytes.length);
    this.buffer.set(bytes, start);
  }

  fixed32(value: number): void {
    const start = this.reserve(4);
    this.view.setUint32(start, value, true);
  }

  fixed64(value: bigint): void {
    const start = this.reserve(8);
    this.view.setBigUint64(start, value, true);
  }

  double(value: number): void {
    const start = this.reserve(8);
    this.view.setFloat64(start, value, true);
  }

  raw(bytes: Uint8Array): void {
    const start = this.reserve(bytes.length);
    this.buffer.set(bytes, start);
  }

  /** UTF-8 without a length; lone surrogates become U+FFFD. */
  text(text: string): void {
    const { length } = text;
    if (length <= LOOP_CHARS && this.shortText(text)) return;
    const bytes = Buffer.byteLength(text);
    const start = this.reserve(bytes);
    // As many bytes as characters means ASCII, which latin1 copies without looking at each.
    this.buffer.write(text, start, bytes, bytes === length ? 'latin1' : 'utf8');
  }

  /** False, with nothing written, where the text is not ASCII. */
  private shortText(text: string): boolean {
    const { length } = text;
    const start = this.reserve(length);
    const { buffer } = this;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        this.pos += length;
        return false;
      }
      buffer[start + index] = code;
    }
    return true;
  }

  /** Puts tag and length before what was written since `sizeBefore`. */
  close(tag: number, sizeBefore: number): void {
    const length = this.size - sizeBefore;
    if (length < 0x80 && tag < 0x80) {
      const start = this.reserve(2);
      this.buffer[start] = tag;
      this.buffer[start + 1] = length;
      return;
    }
    this.varint(length);
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
    const next = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, used + length));
    next.set(this.buffer.subarray(this.pos), next.length - used);
    this.pos = next.length - used;
    this.buffer = next;
    this.view = viewOf(next);
  }
}

const EMPTY = Buffer.alloc(0);

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}
