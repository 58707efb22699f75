import type { AnyValue, Attributes } from '../pdata/any-value.ts';
import {
  CONTAINER_BYTES,
  createDecodeReport,
  DEFAULT_LIMITS,
  type DecodeLimits,
  type DecodeOptions,
  type DecodeReport,
  ENTRY_BYTES,
  RequestTooLargeError,
  STRING_BYTES,
} from './limits.ts';
import { FIXED64, LENGTH, malformed, VARINT, WireReader } from './wire-reader.ts';

/** The part of the walk that OTLP's signals share: attributes and values, and the limits on them. */
export class ValueDecoder {
  protected readonly reader: WireReader;
  protected readonly limits: DecodeLimits;
  protected readonly report: DecodeReport;
  protected cost = 0;
  /** Why the part being read must be left out; empty while it is fine. */
  protected excess = '';

  constructor(bytes: Uint8Array, options: DecodeOptions) {
    this.reader = new WireReader(bytes);
    this.limits = options.limits ?? DEFAULT_LIMITS;
    this.report = options.report ?? createDecodeReport();
  }

  /** Adds one entry; `depth` counts the lists and maps around it. */
  protected keyValue(end: number, attributes: Attributes, depth: number): void {
    const { reader } = this;
    let key = '';
    let value: AnyValue = null;
    let reference = false;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag >>> 3) {
        case 1:
          key = this.repeatedText(tag, end);
          break;
        case 2:
          value = this.anyValue(this.message(tag, end), value, depth);
          break;
        case 3:
          this.expect(tag, VARINT);
          reference = reader.int32(end) !== 0;
          break;
        default:
          reader.skip(tag, end);
      }
    }
    if (reference) {
      this.report.profileReferences++;
      if (key === '') return;
    }
    if (attributes.has(key)) return;
    this.charge(ENTRY_BYTES);
    if (attributes.size >= this.limits.maxEntries) this.excess ||= this.tooMany();
    else attributes.set(key, value);
  }

  /** `value` is what an earlier part of the same message gave: protobuf merges repeated parts, lists append. */
  protected anyValue(end: number, value: AnyValue, depth: number): AnyValue {
    const { reader } = this;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag >>> 3) {
        case 1: {
          this.expect(tag, LENGTH);
          const text = reader.string(end);
          this.charge(STRING_BYTES + text.length);
          value = text;
          break;
        }
        case 2:
          this.expect(tag, VARINT);
          value = reader.boolean(end);
          break;
        case 3:
          this.expect(tag, VARINT);
          value = reader.int64(end);
          break;
        case 4:
          this.expect(tag, FIXED64);
          value = reader.double(end);
          break;
        case 5:
          value = this.array(this.message(tag, end), Array.isArray(value) ? value : this.container([]), depth + 1);
          break;
        case 6:
          value = this.map(this.message(tag, end), value instanceof Map ? value : this.container(new Map()), depth + 1);
          break;
        case 7: {
          this.expect(tag, LENGTH);
          const bytes = reader.bytes(end);
          this.charge(CONTAINER_BYTES + bytes.length);
          value = bytes;
          break;
        }
        case 8:
          this.unused(tag, VARINT, end);
          this.report.profileReferences++;
          value = null;
          break;
        default:
          reader.skip(tag, end);
      }
    }
    return value;
  }

  protected array(end: number, items: AnyValue[], depth: number): AnyValue[] {
    const { reader } = this;
    if (depth > this.limits.maxDepth) return this.tooDeep(end, items);
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag >>> 3 !== 1) {
        reader.skip(tag, end);
        continue;
      }
      const item = this.anyValue(this.message(tag, end), null, depth);
      this.charge(ENTRY_BYTES);
      if (items.length >= this.limits.maxEntries) this.excess ||= this.tooMany();
      else items.push(item);
    }
    return items;
  }

  protected map(end: number, entries: Attributes, depth: number): Attributes {
    const { reader } = this;
    if (depth > this.limits.maxDepth) return this.tooDeep(end, entries);
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag >>> 3 === 1) this.keyValue(this.message(tag, end), entries, depth);
      else reader.skip(tag, end);
    }
    return entries;
  }

  protected repeatedText(tag: number, end: number): string {
    this.expect(tag, LENGTH);
    const text = this.reader.repeatedString(end);
    this.charge(text.length);
    return text;
  }

  protected message(tag: number, end: number): number {
    this.expect(tag, LENGTH);
    return this.reader.lengthEnd(end);
  }

  /** A known field that a batch has no place for. */
  protected unused(tag: number, wireType: number, end: number): void {
    this.expect(tag, wireType);
    this.reader.skip(tag, end);
  }

  protected expect(tag: number, wireType: number): void {
    if ((tag & 7) !== wireType) {
      throw malformed(`field ${tag >>> 3} has wire type ${tag & 7} instead of ${wireType}`, this.reader.pos);
    }
  }

  protected charge(bytes: number): void {
    this.cost += bytes;
    if (this.cost > this.limits.maxDecodedBytes) {
      throw new RequestTooLargeError(
        `the request takes more than ${this.limits.maxDecodedBytes} bytes of memory decoded`,
      );
    }
  }

  protected container<T extends AnyValue>(value: T): T {
    this.charge(CONTAINER_BYTES);
    return value;
  }

  protected tooDeep<T>(end: number, value: T): T {
    this.reader.pos = end;
    this.excess ||= `values nested more than ${this.limits.maxDepth} deep`;
    return value;
  }

  protected tooMany(): string {
    return `more than ${this.limits.maxEntries} entries in one list of attributes or values`;
  }

  protected takeExcess(): string {
    const { excess } = this;
    this.excess = '';
    return excess;
  }
}
