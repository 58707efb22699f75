import type { AnyValue, Attributes } from '../../../pdata/any-value.ts';
import { toText } from '../../../pdata/any-value.ts';

/** Counted after flattening and with the resource; Loki refuses a line with more than 128 entries or 64 KB of them. */
export const MAX_ATTRIBUTES = 120;
export const MAX_ATTRIBUTE_BYTES = 48 * 1024;
/** A value longer than this is cut before any attribute is dropped. */
const MAX_VALUE_BYTES = 4096;

/** Attributes that say that something was cut, and how much. */
const CUT_MARK = 'hids.attributes_cut';
const RESERVED = 1;

/**
 * Keeps a record within the limits: long values are cut, then attributes are dropped, first `hids.data.*` that the rule
 * did not use, then other `hids.data.*`, then whatever was added last. Returns how many were cut or dropped;
 * the attribute `hids.attributes_cut` says so on the record.
 */
export function limitAttributes(attributes: Attributes, resource: Attributes, usedFields: ReadonlySet<string>): number {
  if (fitsForSure(attributes, resource)) return 0;
  let cut = 0;
  for (const [key, value] of attributes) {
    if (typeof value === 'string' && Buffer.byteLength(value) > MAX_VALUE_BYTES) {
      attributes.set(key, cutEnd(value, MAX_VALUE_BYTES));
      cut++;
    }
  }
  const size = { count: 0, bytes: 0 };
  for (const [key, value] of resource) measure(key, value, size, 1);
  for (const [key, value] of attributes) measure(key, value, size, 1);
  const fits = () => size.count <= MAX_ATTRIBUTES - RESERVED && size.bytes <= MAX_ATTRIBUTE_BYTES - 64;
  const drop = (chosen: (key: string) => boolean) => {
    for (const key of [...attributes.keys()].reverse()) {
      if (fits()) return;
      if (!chosen(key)) continue;
      measure(key, attributes.get(key) as AnyValue, size, -1);
      attributes.delete(key);
      cut++;
    }
  };
  if (!fits()) {
    drop((key) => key.startsWith('hids.data.') && !usedFields.has(key.slice('hids.data.'.length)));
    drop((key) => key.startsWith('hids.data.'));
    drop((key) => !key.startsWith('security_rule.') && key !== 'log.record.uid' && key !== 'hids.rule.level');
    drop(() => true);
  }
  if (cut > 0) attributes.set(CUT_MARK, cut);
  return cut;
}

/** Told by lengths alone, as nearly all are: no value and not the whole can be too long. */
function fitsForSure(attributes: Attributes, resource: Attributes): boolean {
  if (attributes.size + resource.size > MAX_ATTRIBUTES - RESERVED) return false;
  let bytes = 0;
  for (const [key, value] of attributes) {
    const most = mostBytes(value);
    if (most > MAX_VALUE_BYTES) return false;
    bytes += key.length * MOST_OF_UNIT + most;
  }
  for (const [key, value] of resource) bytes += key.length * MOST_OF_UNIT + mostBytes(value);
  return bytes <= MAX_ATTRIBUTE_BYTES - 64;
}

/** UTF-8 of one UTF-16 unit; as JSON, an escape. */
const MOST_OF_UNIT = 3;
const MOST_OF_ESCAPED_UNIT = 6;
const MOST_OF_NUMBER = 24;

/** More than the text of a value can take; infinite where only a closer look tells. */
function mostBytes(value: AnyValue): number {
  if (typeof value === 'string') return value.length * MOST_OF_UNIT;
  if (typeof value === 'number' || typeof value === 'boolean') return MOST_OF_NUMBER;
  if (!Array.isArray(value)) return Number.POSITIVE_INFINITY;
  let bytes = 2;
  for (const item of value) {
    if (typeof item !== 'string') return Number.POSITIVE_INFINITY;
    bytes += item.length * MOST_OF_ESCAPED_UNIT + 3;
  }
  return bytes;
}

function measure(key: string, value: AnyValue, size: { count: number; bytes: number }, sign: 1 | -1): void {
  if (value instanceof Map) {
    for (const [name, item] of value) measure(`${key}.${name}`, item, size, sign);
    return;
  }
  size.count += sign;
  size.bytes += sign * (Buffer.byteLength(key) + Buffer.byteLength(toText(value)));
}

function cutEnd(text: string, maxBytes: number): string {
  const buffer = Buffer.from(text, 'utf8');
  let end = maxBytes - 32;
  while (end > 0 && (buffer[end] & 0xc0) === 0x80) end--;
  return `${buffer.toString('utf8', 0, end)}... ${buffer.length - end} bytes cut`;
}
