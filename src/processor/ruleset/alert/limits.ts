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
