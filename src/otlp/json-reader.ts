import { SeverityNumber } from './generated/opentelemetry/proto/logs/v1/logs_pb.js';
import { MalformedRequestError } from './limits.ts';

export type JsonObject = { readonly [name: string]: unknown };

/** A bare integer that a double may not hold exactly. Inside a text it only costs the slower way of parsing. */
const LONG_INTEGER = /[:[,]\s*-?\d{16,}\s*[,\]}]/;
const INTEGER = /^-?(0|[1-9]\d*)$/;
const HEX = /^[0-9a-fA-F]*$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const SPECIAL_DOUBLES: Record<string, number> = { NaN, Infinity, '-Infinity': -Infinity };

/**
 * Parses the text of a request. Integers too long for a double come as bigints, since senders write nanoseconds
 * as bare numbers although the protocol wants text.
 */
export function parseJson(text: string): unknown {
  const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return LONG_INTEGER.test(source) ? JSON.parse(source, keepLongIntegers) : JSON.parse(source);
  } catch (cause) {
    throw new MalformedRequestError(`malformed JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function keepLongIntegers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return INTEGER.test(source) ? BigInt(source) : value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads fields of OTLP/JSON objects by the rules of protobuf's JSON form; null and absent give the zero value. */
export class JsonReader {
  fail(wanted: string, found: unknown, name = ''): never {
    const kind = Array.isArray(found) ? 'an array' : found === null ? 'null' : `a ${typeof found}`;
    const place = name === '' ? '' : `"${name}": `;
    throw new MalformedRequestError(`malformed OTLP/JSON: ${place}${wanted} expected, not ${kind}`);
  }

  object(source: JsonObject, name: string, read: (item: JsonObject) => void): void {
    const value = source[name];
    if (value === undefined || value === null) return;
    if (!isObject(value)) this.fail('an object', value, name);
    read(value);
  }

  objects(source: JsonObject, name: string, read: (item: JsonObject) => void): void {
    const value = source[name];
    if (value === undefined || value === null) return;
    if (!Array.isArray(value)) this.fail('an array', value, name);
    for (const item of value) {
      if (!isObject(item)) this.fail('an object', item, name);
      read(item);
    }
  }

  text(source: JsonObject, name: string): string {
    const value = source[name] ?? '';
    return typeof value === 'string' ? value : this.fail('a text', value, name);
  }

  boolean(source: JsonObject, name: string): boolean {
    const value = source[name] ?? false;
    return typeof value === 'boolean' ? value : this.fail('true or false', value, name);
  }

  uint32(source: JsonObject, name: string): number {
    const value = Number(this.integer(source, name));
    return value >= 0 && value <= 0xffffffff ? value : this.fail('an unsigned 32-bit number', value, name);
  }

  uint64(source: JsonObject, name: string): bigint {
    const value = BigInt(this.integer(source, name));
    return value >= 0n && value < 2n ** 64n ? value : this.fail('an unsigned 64-bit number', value, name);
  }

  /** A bigint only where a number would not be exact. */
  int64(source: JsonObject, name: string): number | bigint {
    const value = BigInt(this.integer(source, name));
    if (value < -(2n ** 63n) || value >= 2n ** 63n) this.fail('a 64-bit number', value, name);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  double(source: JsonObject, name: string): number {
    const value = source[name] ?? 0;
    if (typeof value === 'number') return value;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value !== 'string') this.fail('a number', value, name);
    const number = SPECIAL_DOUBLES[value] ?? (value.trim() === '' ? Number.NaN : Number(value));
    if (Number.isNaN(number) && value !== 'NaN') this.fail('a number', value, name);
    return number;
  }

  bytes(source: JsonObject, name: string): Uint8Array {
    const text = this.text(source, name);
    if (!BASE64.test(text)) this.fail('base64', text, name);
    return new Uint8Array(Buffer.from(text, 'base64'));
  }

  /** A number, or the enum's name, which the protocol forbids but senders write. */
  severityNumber(source: JsonObject, name: string): number {
    const value = source[name];
    if (typeof value !== 'string' || INTEGER.test(value)) return Number(this.integer(source, name));
    const known = Object.entries(SeverityNumber).find(([short]) => `SEVERITY_NUMBER_${short}` === value);
    return known ? Number(known[1]) : this.fail('a severity number', value, name);
  }

  /** Lower-case hexadecimal; empty when it has another length or is all zeros. */
  hexId(source: JsonObject, name: string, digits: number): string {
    const text = this.text(source, name);
    if (!HEX.test(text)) this.fail('hexadecimal digits', text, name);
    return text.length === digits && !/^0*$/.test(text) ? text.toLowerCase() : '';
  }

  private integer(source: JsonObject, name: string): number | bigint {
    const value = source[name] ?? 0;
    if (typeof value === 'bigint') return value;
    if (typeof value === 'number' && Number.isInteger(value)) return value;
    if (typeof value === 'string' && value.length <= 20 && INTEGER.test(value)) return BigInt(value);
    return this.fail('an integer', value, name);
  }
}
