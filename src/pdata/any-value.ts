/**
 * A value of the OpenTelemetry data model. Maps are `Map`, never plain objects:
 * their keys come from logs, and `__proto__` is an ordinary key there.
 */
export type AnyValue = string | number | bigint | boolean | null | Uint8Array | AnyValue[] | Attributes;

export type Attributes = Map<string, AnyValue>;

/** A JSON-like plain value for people and for log lines; bytes become base64, 64-bit integers become text. */
export function toPlain(value: AnyValue): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Map) {
    const object: Record<string, unknown> = Object.create(null);
    for (const [key, item] of value) object[key] = toPlain(item);
    return object;
  }
  return value;
}

/** The text of a value: strings as they are, everything else as JSON. */
export function toText(value: AnyValue): string {
  return typeof value === 'string' ? value : JSON.stringify(toPlain(value));
}
