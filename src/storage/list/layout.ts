import { createHash } from 'node:crypto';
import type { KeyvWrite } from '../keyv/records.ts';

/**
 * How a list lies in its Keyv: an entry each, under its own key where every store can take that, so that other programs
 * can read and write it with Keyv alone. Other keys (long ones, spaces, controls, Unicode) go under their digest with
 * the key in the value. Besides there is one entry for the edits.
 */
export const EDITS_KEY = '~edits';

/** PostgreSQL's adapter takes 255 characters with the namespace; the tilde is ours. */
const PLAIN = /^[!-}][!-~]{0,119}$/;

export function toWrite(namespace: string, key: string, value: string | null): KeyvWrite {
  // Keyv takes a key that begins as its prefix does for one that has it.
  if (PLAIN.test(key) && !key.startsWith(`${namespace}:`)) return { key, value };
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 40);
  return { key: `~${digest}`, value: value === null ? null : JSON.stringify([key, value]) };
}

/**
 * The entry that a stored one stands for; undefined for what is none.
 *
 * @throws TypeError where the stored value is damaged
 */
export function fromStored(key: string, value: unknown): [key: string, value: string] | undefined {
  if (key === EDITS_KEY) return undefined;
  if (!key.startsWith('~')) {
    if (typeof value !== 'string') throw new TypeError(`the value of "${key}" is no text`);
    return [key, value];
  }
  const parts: unknown = JSON.parse(String(value));
  if (!Array.isArray(parts) || typeof parts[0] !== 'string' || typeof parts[1] !== 'string') {
    throw new TypeError(`${key} holds no entry`);
  }
  return [parts[0], parts[1]];
}

export interface Edit {
  version: string;
  by: string;
  at: number;
}

/** The newest edit that is complete, and one that is under way or was never finished. */
export interface Edits {
  done: Edit | undefined;
  pending: Edit | undefined;
}

/** What cannot be read counts as an edit of its own: it is not what it was. */
export function parseEdits(value: unknown): Edits {
  if (value === undefined || value === null) return { done: undefined, pending: undefined };
  try {
    const { done, pending } = JSON.parse(String(value)) as Record<string, unknown>;
    return { done: parseEdit(done), pending: parseEdit(pending) };
  } catch {
    return { done: { version: `damaged ${digestOf(String(value))}`, by: '', at: 0 }, pending: undefined };
  }
}

function parseEdit(value: unknown): Edit | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, by, at } = value as Record<string, unknown>;
  return { version: String(version), by: String(by ?? ''), at: Number(at) || 0 };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
