import { MalformedRequestError } from './limits.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const GROUP_START = 3;
export const GROUP_END = 4;
export const FIXED32 = 5;

const MAX_GROUP_DEPTH = 32;
const HASH_SLOTS = 4096;
const MAX_INTERNED = 48;

/**
 * Strings that come again and again (attribute keys, host names), direct-mapped: a miss replaces, so the memory is
 * bounded whatever is sent. An interned string also has its hash computed, which makes `Map.set` cheaper.
 */
const interned: string[] = new Array(HASH_SLOTS).fill('');

/**
 * Reads protobuf's wire format from one buffer. Strict: every read stays below `end`, which the caller narrows to the
 * message it is in; whatever does not fit throws MalformedRequestError with the offset.
 */
export class WireReader {
  pos = 0;
  private readonly buffer: Buffer;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A tag: field number times 8 plus wire type. */
  tag(end: number): number {
    const start = this.pos;
    const tag = this.varint32(end);
    if (tag < 8) throw malformed('field number 0', start);
    return tag;
  }

  /** A varint of at most 32 bits as an unsigned number: tags, lengths. */
  varint32(end: number): number {
    const { buffer } = this;
    let pos = this.pos;
    let byte = pos < end ? buffer[pos++] : truncated(pos);
    let value = byte & 0x7f;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (shift > 28) throw malformed('varint of more than 32 bits', this.pos);
      byte = pos < end ? buffer[pos++] : truncated(pos);
      if (shift === 28 && byte > 0x0f) throw malformed('varint of more than 32 bits', this.pos);
      value += (byte & 0x7f) * 2 ** shift;
    }
    this.pos = pos;
    return value;
  }

  /** A varint of up to 64 bits, signed; a bigint only where a number would not be exact. */
  int64(end: number): number | bigint {
    const { buffer } = this;
    let pos = this.pos;
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > 63) throw malformed('varint of more than 64 bits', this.pos);
      const byte = pos < end ? buffer[pos++] : truncated(pos);
      const bits = byte & 0x7f;
      if (shift < 28) low += bits * 2 ** shift;
      else if (shift === 28) {
        low += (bits & 0x0f) * 2 ** 28;
        high = bits >>> 4;
      } else high += bits * 2 ** (shift - 32);
      if (byte < 0x80) break;
    }
    this.pos = pos;
    const signedHigh = high | 0;
    const value = signedHigh * 2 ** 32 + low;
    if (Number.isSafeInteger(value)) return value;
    return (BigInt(signedHigh) << 32n) + BigInt(low);
  }

  /** The low 32 bits of a varint, signed: int32, enums and, through `>>> 0`, uint32. */
  int32(end: number): number {
    const value = this.int64(end);
    return typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value));
  }

  boolean(end: number): boolean {
    const value = this.int64(end);
    return typeof value === 'number' ? value !== 0 : true;
  }

  /** Reads a length and returns where the field ends; `pos` is at its first byte. */
  lengthEnd(end: number): number {
    const start = this.pos;
    const length = this.varint32(end);
    if (length > end - this.pos) throw malformed(`a length of ${length} goes beyond the end`, start);
    return this.pos + length;
  }

  fixed32(end: number): number {
    const start = this.advance(4, end);
    return this.view.getUint32(start, true);
  }

  fixed64(end: number): bigint {
    const start = this.advance(8, end);
    return this.view.getBigUint64(start, true);
  }

  double(end: number): number {
    const start = this.advance(8, end);
    return this.view.getFloat64(start, true);
  }

  /** Text; bytes that are not UTF-8 become U+FFFD, since a log line with one wrong byte is still a log line. */
  string(end: number): string {
    const stop = this.lengthEnd(end);
    const start = this.pos;
    this.pos = stop;
    if (stop === start) return '';
    return sliceText(this.buffer, start, stop);
  }

  /** Text that is likely to come again. */
  repeatedString(end: number): string {
    const { buffer } = this;
    const stop = this.lengthEnd(end);
    const start = this.pos;
    this.pos = stop;
    const length = stop - start;
    if (length === 0) return '';
    if (length > MAX_INTERNED) return sliceText(buffer, start, stop);
    let hash = length;
    for (let index = start; index < stop; index++) hash = (Math.imul(hash, 31) + buffer[index]) | 0;
    const slot = (hash ^ (hash >>> 12)) & (HASH_SLOTS - 1);
    const known = interned[slot];
    if (known.length === length && equalsAscii(buffer, start, known)) return known;
    const text = sliceText(buffer, start, stop);
    // Only text of one byte per character can be compared byte by byte.
    if (text.length === length) interned[slot] = text;
    return text;
  }

  bytes(end: number): Uint8Array {
    const stop = this.lengthEnd(end);
    const copy = new Uint8Array(this.buffer.subarray(this.pos, stop));
    this.pos = stop;
    return copy;
  }

  /** An id of `length` bytes in hexadecimal; empty when it has another length or is all zeros, as the protocol says. */
  hexId(length: number, end: number): string {
    const stop = this.lengthEnd(end);
    const start = this.pos;
    this.pos = stop;
    if (stop - start !== length) return '';
    for (let index = start; index < stop; index++) {
      if (this.buffer[index] !== 0) return this.buffer.toString('hex', start, stop);
    }
    return '';
  }

  /** Passes over a field that this program does not know. */
  skip(tag: number, end: number, depth = 0): void {
    switch (tag & 7) {
      case VARINT:
        this.int64(end);
        break;
      case FIXED64:
        this.advance(8, end);
        break;
      case LENGTH:
        this.pos = this.lengthEnd(end);
        break;
      case FIXED32:
        this.advance(4, end);
        break;
      case GROUP_START:
        this.skipGroup(tag, end, depth);
        break;
      default:
        throw malformed(`wire type ${tag & 7} where a field should start`, this.pos);
    }
  }

  private skipGroup(tag: number, end: number, depth: number): void {
    if (depth >= MAX_GROUP_DEPTH) throw malformed('groups nested too deeply', this.pos);
    for (;;) {
      const inner = this.tag(end);
      if ((inner & 7) === GROUP_END) {
        if (inner - GROUP_END !== tag - GROUP_START) throw malformed('a group ends that did not start', this.pos);
        return;
      }
      this.skip(inner, end, depth + 1);
    }
  }

  private advance(length: number, end: number): number {
    const start = this.pos;
    if (length > end - start) truncated(start);
    this.pos = start + length;
    return start;
  }
}

/** `toString('utf8', start, end)` without its checks of arguments, which cost an eighth of a request's decoding. */
function sliceText(buffer: Buffer, start: number, end: number): string {
  return (buffer as Buffer & { utf8Slice(start: number, end: number): string }).utf8Slice(start, end);
}

function equalsAscii(buffer: Buffer, start: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (buffer[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

function truncated(offset: number): never {
  throw malformed('the data ends inside a field', offset);
}

export function malformed(what: string, offset: number): MalformedRequestError {
  return new MalformedRequestError(`malformed protobuf at byte ${offset}: ${what}`);
}
