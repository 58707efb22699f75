import { createHash } from 'node:crypto';

const MAX_PLAIN = 200;

/**
 * A key for the state store out of any bytes: printable, of bounded length, the same for the same text. Long texts are
 * kept as their digest, since only equality counts.
 */
export function storeKey(text: string): string {
  if (text.length > MAX_PLAIN) return `#${createHash('sha256').update(text, 'latin1').digest('hex')}`;
  return JSON.stringify(text);
}

export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

/** Undefined where the stored bytes are no JSON: a damaged entry is as good as none. */
export function decodeJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
