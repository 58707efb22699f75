import type { AnyValue, Attributes } from '../../../pdata/any-value.ts';
import { MAX_WORD, MAX_WORDS, Tag } from './wire.ts';

const NOTHING = new ArrayBuffer(0);
const SHORT = 16;

/** Native code without the checks that `toString` makes first. */
interface FastBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}

/** Reads what a `WireWriter` wrote. Bytes are views on the message. */
export class WireReader {
  #buffer = Buffer.from(NOTHING) as FastBuffer;
  #view = new DataView(NOTHING);
  #words: string[] = [];
  #at = 0;

  /** Starts on a message; true where the writer began anew with its words. */
  begin(message: ArrayBuffer): boolean {
    this.#buffer = Buffer.from(message) as FastBuffer;
    this.#view = new DataView(message);
    this.#at = 0;
    const isFresh = this.flag();
    if (isFresh) this.#words = [];
    return isFresh;
  }

  /** Passes over a part that has its size in front; the reader that comes back reads that part, now or later. */
  sized(): WireReader {
    const reader = new WireReader();
    reader.#buffer = this.#buffer;
    reader.#view = this.#view;
    reader.#at = this.#at + 4;
    this.#at = reader.#at + this.#view.getUint32(this.#at, true);
    return reader;
  }

  flag(): boolean {
    return this.byte() === 1;
  }

  byte(): number {
    const value = this.#buffer[this.#at++];
    if (value === undefined) throw new RangeError('the message ends too early');
    return value;
  }

  count(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  number(): number {
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  long(): bigint {
    const value = this.#view.getBigInt64(this.#at, true);
    this.#at += 8;
    return value;
  }

  text(): string {
    const head = this.#view.getUint32(this.#at, true);
    const bytes = head >>> 1;
    const start = this.#at + 4;
    const end = start + bytes;
    if (end > this.#buffer.length) throw new RangeError('the message ends too early');
    this.#at = end;
    if (bytes === 0) return '';
    if ((head & 1) === 0) return this.#buffer.utf8Slice(start, end);
    if (bytes > SHORT) return this.#buffer.latin1Slice(start, end);
    let text = '';
    for (let index = start; index < end; index++) text += String.fromCharCode(this.#buffer[index]!);
    return text;
  }

  optionalText(): string | undefined {
    return this.flag() ? this.text() : undefined;
  }

  word(): string {
    const number = this.count();
    if (number > 0) {
      const known = this.#words[number - 1];
      if (known === undefined) throw new RangeError('a word that nobody sent');
      return known;
    }
    const value = this.text();
    if (this.#words.length < MAX_WORDS && value.length <= MAX_WORD) this.#words.push(value);
    return value;
  }

  bytes(): Uint8Array {
    const length = this.count();
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#buffer.length) throw new RangeError('the message ends too early');
    return this.#buffer.subarray(start, this.#at);
  }

  attributes(): Attributes {
    const values: Attributes = new Map();
    for (let left = this.count(); left > 0; left--) {
      const name = this.word();
      values.set(name, this.value());
    }
    return values;
  }

  value(): AnyValue {
    const tag = this.byte();
    switch (tag) {
      case Tag.null:
        return null;
      case Tag.text:
        return this.text();
      case Tag.word:
        return this.word();
      case Tag.number:
        return this.number();
      case Tag.long:
        return this.long();
      case Tag.bigint:
        return BigInt(this.text());
      case Tag.true:
        return true;
      case Tag.false:
        return false;
      case Tag.bytes:
        return this.bytes();
      case Tag.list:
        return Array.from({ length: this.count() }, () => this.value());
      case Tag.map:
        return this.attributes();
      default:
        throw new RangeError(`no such kind of value: ${tag}`);
    }
  }
}
