import type { AnyValue } from '../../../pdata/any-value.ts';
import { MAX_WORD, MAX_WORDS, Tag } from './wire.ts';

const FIRST_BYTES = 32 * 1024;
/** Shorter texts are written faster here than by a native call. */
const SHORT = 24;

/**
 * Writes values one behind the other, for `WireReader` at the other end of one channel. Texts that come again and again
 * (`word`) are sent once and have a number from then on, so writer and reader belong together, in order.
 */
export class WireWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #words = new Map<string, number>();
  #isFresh = true;
  #at = 0;

  get size(): number {
    return this.#at;
  }

  /** Starts a message. After `reset` it tells the reader to forget the words it knows. */
  begin(): void {
    this.#at = 0;
    this.flag(this.#isFresh);
    this.#isFresh = false;
  }

  /** After a message that was not sent to its end: what the reader knows is not certain any more. */
  reset(): void {
    this.#words = new Map();
    this.#isFresh = true;
  }

  /** Takes the message; its memory is the caller's to give away. */
  take(): ArrayBuffer {
    const { buffer } = this.#buffer;
    const taken = buffer.slice(0, this.#at);
    this.#at = 0;
    return taken;
  }

  flag(value: boolean): void {
    this.#room(1);
    this.#buffer[this.#at++] = value ? 1 : 0;
  }

  byte(value: number): void {
    this.#room(1);
    this.#buffer[this.#at++] = value;
  }

  /** A whole number from 0 to 2^32 - 1. */
  count(value: number): void {
    this.#room(5);
    while (value > 127) {
      this.#buffer[this.#at++] = (value & 127) | 128;
      value >>>= 7;
    }
    this.#buffer[this.#at++] = value;
  }

  number(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** 64 bits. */
  long(value: bigint): void {
    this.#room(8);
    this.#view.setBigInt64(this.#at, value, true);
    this.#at += 8;
  }

  text(value: string): void {
    const { length } = value;
    this.#room(4 + length * 3);
    const buffer = this.#buffer;
    const start = this.#at + 4;
    let bytes = 0;
    if (length < SHORT) {
      for (; bytes < length; bytes++) {
        const code = value.charCodeAt(bytes);
        if (code > 127) break;
        buffer[start + bytes] = code;
      }
    }
    if (length >= SHORT || bytes < length) bytes = buffer.write(value, start, 'utf8');
    this.#view.setUint32(this.#at, bytes * 2 + (bytes === length ? 1 : 0), true);
    this.#at = start + bytes;
  }

  optionalText(value: string | undefined): void {
    this.flag(value !== undefined);
    if (value !== undefined) this.text(value);
  }

  /** A text that is likely to come again. */
  word(value: string): void {
    const known = this.#words.get(value);
    if (known !== undefined) {
      this.count(known + 1);
      return;
    }
    this.count(0);
    this.text(value);
    if (this.#words.size < MAX_WORDS && value.length <= MAX_WORD) this.#words.set(value, this.#words.size);
  }

  bytes(value: Uint8Array): void {
    this.count(value.byteLength);
    this.#room(value.byteLength);
    this.#buffer.set(value, this.#at);
    this.#at += value.byteLength;
  }

  /** What `write` writes, with its size in front so that a reader may pass over it. */
  sized(write: () => void): void {
    this.#room(4);
    const start = this.#at + 4;
    this.#at = start;
    write();
    this.#view.setUint32(start - 4, this.#at - start, true);
  }

  /** Names are words. `isWord` tells of which attributes the values are, too. */
  attributes(values: ReadonlyMap<string, AnyValue>, isWord?: (name: string) => boolean): void {
    this.count(values.size);
    for (const [name, value] of values) {
      this.word(name);
      this.value(value, isWord?.(name) === true);
    }
  }

  value(value: AnyValue, asWord = false): void {
    switch (typeof value) {
      case 'string':
        this.byte(asWord ? Tag.word : Tag.text);
        if (asWord) this.word(value);
        else this.text(value);
        return;
      case 'number':
        this.byte(Tag.number);
        this.number(value);
        return;
      case 'bigint':
        this.#bigint(value);
        return;
      case 'boolean':
        this.byte(value ? Tag.true : Tag.false);
        return;
    }
    if (value === null) this.byte(Tag.null);
    else if (value instanceof Uint8Array) {
      this.byte(Tag.bytes);
      this.bytes(value);
    } else if (Array.isArray(value)) {
      this.byte(Tag.list);
      this.count(value.length);
      for (const item of value) this.value(item, asWord);
    } else {
      this.byte(Tag.map);
      this.attributes(value);
    }
  }

  #bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.byte(Tag.long);
      this.long(value);
    } else {
      this.byte(Tag.bigint);
      this.text(value.toString());
    }
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}
