const FIRST_BYTES = 16 * 1024;
const MAX_KEPT_BYTES = 1024 * 1024;
/** Shorter texts are written faster here than by a native call. */
const SHORT = 24;

/** Writes values one behind the other, for `ByteReader`. Texts are bytes (latin1), one to a character. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at = 0;

  /** A copy of what was written since the last call. */
  take(): Uint8Array {
    const bytes = new Uint8Array(this.#buffer.subarray(0, this.#at));
    this.#at = 0;
    if (this.#buffer.length > MAX_KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
    return bytes;
  }

  /** A whole number from 0 to 2^32 - 1. */
  count(value: number): void {
    this.#room(5);
    let rest = value;
    while (rest > 127) {
      this.#buffer[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#buffer[this.#at++] = rest;
  }

  number(value: number): void {
    this.#room(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  text(value: string): void {
    const { length } = value;
    this.count(length);
    this.#room(length);
    const buffer = this.#buffer;
    if (length > SHORT) buffer.write(value, this.#at, 'latin1');
    else for (let index = 0; index < length; index++) buffer[this.#at + index] = value.charCodeAt(index);
    this.#at += length;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }
}

/** Reads what `ByteWriter` wrote. Every read throws a RangeError where the bytes end before it does. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#buffer.length;
  }

  count(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 35; scale *= 128) {
      const byte = this.#buffer[this.#skip(1)]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError('a number of more than 32 bits');
  }

  number(): number {
    return this.#buffer.readDoubleLE(this.#skip(8));
  }

  text(): string {
    const length = this.count();
    const start = this.#skip(length);
    return this.#buffer.toString('latin1', start, start + length);
  }

  #skip(bytes: number): number {
    const start = this.#at;
    if (bytes > this.#buffer.length - start) throw new RangeError('the bytes end too early');
    this.#at += bytes;
    return start;
  }
}
