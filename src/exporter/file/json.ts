import { printableJson } from '../../pdata/printable.ts';

/** A JSON value whose keys keep their order, also keys such as `1` or `__proto__`. */
export type Json = string | number | boolean | RawJson | readonly Json[] | JsonObject;

/** Text that already is compact JSON. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object to which each name is added at most once; names differ only if they differ ignoring ASCII case. */
export class JsonObject {
  readonly #members = new Map<string, { name: string; value: Json }>();

  get size(): number {
    return this.#members.size;
  }

  get(name: string): Json | undefined {
    return this.#members.get(lowerAscii(name))?.value;
  }

  /** Returns whether it was added: the first of a repeated name counts. */
  add(name: string, value: Json): boolean {
    const key = lowerAscii(name);
    if (this.#members.has(key)) return false;
    this.#members.set(key, { name, value });
    return true;
  }

  /** Adds where there is a value. */
  addIf(name: string, value: Json | undefined): void {
    if (value !== undefined) this.add(name, value);
  }

  members(): Iterable<{ name: string; value: Json }> {
    return this.#members.values();
  }
}

/** Compact JSON on one line. Characters that act on a terminal are written as escapes, which mean the same. */
export function stringifyJson(value: Json): string {
  if (typeof value === 'string') return quoteJson(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof RawJson) return value.text;
  if (value instanceof JsonObject) {
    let text = '';
    for (const member of value.members()) {
      text += `${text === '' ? '' : ','}${quoteJson(member.name)}:${stringifyJson(member.value)}`;
    }
    return `{${text}}`;
  }
  return `[${value.map(stringifyJson).join(',')}]`;
}

/** Depth at which the original's parser gives up (cJSON, CJSON_NESTING_LIMIT). */
const MAX_DEPTH = 1000;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d+\-eE.]*|true|false|null|[[\]{},:]|[\x00-\x20]+/sy;

/**
 * The compact form of a text that is one JSON array from its first to its last character; undefined where it is none.
 * As the original's parser (cJSON) it takes control characters inside strings, and any of them between tokens as blanks.
 */
export function compactArray(text: string): RawJson | undefined {
  if (!text.startsWith('[') || !text.endsWith(']')) return undefined;
  let compact = '';
  let depth = 0;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) return undefined;
    const first = token[0];
    if (first === '[' || first === '{') depth++;
    if (first === ']' || first === '}') depth--;
    if (depth > MAX_DEPTH) return undefined;
    const written = compactToken(token, first);
    if (written === undefined) return undefined;
    compact += written;
  }
  try {
    JSON.parse(compact);
  } catch {
    return undefined;
  }
  return new RawJson(compact);
}

function compactToken(token: string, first: string): string | undefined {
  if (first <= ' ') return '';
  if (first === '"') {
    try {
      return quoteJson(JSON.parse(token.replace(/[\x00-\x1f]/g, (control) => JSON.stringify(control).slice(1, -1))));
    } catch {
      return undefined;
    }
  }
  if (first === '-' || (first >= '0' && first <= '9')) {
    const number = Number(token);
    return Number.isFinite(number) ? String(number) : undefined;
  }
  return token;
}

function quoteJson(text: string): string {
  return printableJson(JSON.stringify(text));
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
