/** A JSON value as cJSON keeps it: members in document order, repeated names included; texts are bytes. */
export type JsonNode =
  | { readonly kind: 'null' | 'true' | 'false'; readonly name: string | undefined }
  | { readonly kind: 'number'; readonly name: string | undefined; readonly value: number }
  | { readonly kind: 'string'; readonly name: string | undefined; readonly value: string }
  | { readonly kind: 'object' | 'array'; readonly name: string | undefined; readonly children: readonly JsonNode[] };

/** cJSON's own limit: deeper documents are malformed. */
const MAX_DEPTH = 1000;
const NUMBER_BUFFER = 63;

const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const COLON = 58;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/**
 * Reads one JSON value with cJSON's tolerance: any byte up to 32 is white space, a byte-order mark is skipped, text
 * after the value is ignored, control characters in strings are allowed, `01` and `1.` are numbers. Undefined: malformed.
 */
export function readJson(text: string): JsonNode | undefined {
  const reader = new Reader(text);
  return reader.value(undefined, 0);
}

class Reader {
  readonly text: string;
  at: number;

  constructor(text: string) {
    this.text = text;
    this.at = text.startsWith('\xef\xbb\xbf') ? 3 : 0;
  }

  value(name: string | undefined, depth: number): JsonNode | undefined {
    this.skipSpace();
    const code = this.text.charCodeAt(this.at);
    if (code === QUOTE) {
      const value = this.string();
      return value === undefined ? undefined : { kind: 'string', name, value };
    }
    if (code === OPEN_OBJECT) return this.object(name, depth);
    if (code === OPEN_ARRAY) return this.array(name, depth);
    if (code === MINUS || (code >= 48 && code <= 57)) return this.number(name);
    for (const kind of ['null', 'false', 'true'] as const) {
      if (this.text.startsWith(kind, this.at)) {
        this.at += kind.length;
        return { kind, name };
      }
    }
    return undefined;
  }

  private object(name: string | undefined, depth: number): JsonNode | undefined {
    if (depth >= MAX_DEPTH) return undefined;
    this.at++;
    const children: JsonNode[] = [];
    if (this.next() === CLOSE_OBJECT) {
      this.at++;
      return { kind: 'object', name, children };
    }
    for (;;) {
      if (this.next() !== QUOTE) return undefined;
      const key = this.string();
      if (key === undefined || this.next() !== COLON) return undefined;
      this.at++;
      const child = this.value(key, depth + 1);
      if (!child) return undefined;
      children.push(child);
      const code = this.next();
      this.at++;
      if (code === CLOSE_OBJECT) return { kind: 'object', name, children };
      if (code !== COMMA) return undefined;
    }
  }

  private array(name: string | undefined, depth: number): JsonNode | undefined {
    if (depth >= MAX_DEPTH) return undefined;
    this.at++;
    const children: JsonNode[] = [];
    if (this.next() === CLOSE_ARRAY) {
      this.at++;
      return { kind: 'array', name, children };
    }
    for (;;) {
      const child = this.value(undefined, depth + 1);
      if (!child) return undefined;
      children.push(child);
      const code = this.next();
      this.at++;
      if (code === CLOSE_ARRAY) return { kind: 'array', name, children };
      if (code !== COMMA) return undefined;
    }
  }

  private number(name: string | undefined): JsonNode | undefined {
    // What strtod takes from the front: "1-2" is 1, and the rest then breaks the surrounding value.
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (!match) return undefined;
    let digits = match[0];
    if (digits.length > NUMBER_BUFFER) {
      NUMBER_START.lastIndex = 0;
      digits = NUMBER_START.exec(digits.slice(0, NUMBER_BUFFER))?.[0] ?? '';
      if (digits === '') return undefined;
    }
    this.at += digits.length;
    return { kind: 'number', name, value: Number(digits) };
  }

  private string(): string | undefined {
    const { text } = this;
    const start = this.at + 1;
    let end = start;
    let escaped = false;
    for (;;) {
      const code = text.charCodeAt(end);
      if (code === QUOTE) break;
      if (Number.isNaN(code)) return undefined;
      if (code === BACKSLASH) {
        if (end + 1 >= text.length) return undefined;
        escaped = true;
        end += 2;
      } else end++;
    }
    this.at = end + 1;
    const raw = text.slice(start, end);
    const value = escaped ? unescapeText(raw) : raw;
    if (value === undefined) return undefined;
    // A C text ends at its first zero byte.
    const zero = value.indexOf('\0');
    return zero < 0 ? value : value.slice(0, zero);
  }

  private next(): number {
    this.skipSpace();
    return this.text.charCodeAt(this.at);
  }

  private skipSpace(): void {
    while (this.text.charCodeAt(this.at) <= 32) this.at++;
  }
}

const NUMBER = /-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;
const NUMBER_START = new RegExp(NUMBER.source, 'y');

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  '\\': '\\',
  '/': '/',
};

/** Undefined where cJSON refuses: an unknown escape, a lone or wrong surrogate. */
export function unescapeText(raw: string): string | undefined {
  let out = '';
  let from = 0;
  for (let at = raw.indexOf('\\'); at >= 0; at = raw.indexOf('\\', from)) {
    out += raw.slice(from, at);
    const letter = raw.charAt(at + 1);
    const simple = Object.hasOwn(SIMPLE_ESCAPES, letter) ? SIMPLE_ESCAPES[letter] : undefined;
    if (simple !== undefined) {
      out += simple;
      from = at + 2;
      continue;
    }
    if (letter !== 'u' || at + 6 > raw.length) return undefined;
    const first = hex4(raw, at + 2);
    if (first >= 0xdc00 && first <= 0xdfff) return undefined;
    from = at + 6;
    if (first >= 0xd800 && first <= 0xdbff) {
      if (raw.charAt(from) !== '\\' || raw.charAt(from + 1) !== 'u' || from + 6 > raw.length) return undefined;
      const second = hex4(raw, from + 2);
      if (second < 0xdc00 || second > 0xdfff) return undefined;
      from += 6;
      out += utf8Bytes(0x10000 + (((first & 0x3ff) << 10) | (second & 0x3ff)));
    } else out += utf8Bytes(first);
  }
  return out + raw.slice(from);
}

/** 0 where the four characters are no hexadecimal digits. */
function hex4(text: string, at: number): number {
  const digits = text.slice(at, at + 4);
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : 0;
}

/** A code point as UTF-8, one character a byte. */
function utf8Bytes(code: number): string {
  if (code < 0x80) return String.fromCharCode(code);
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 63));
  if (code < 0x10000) {
    return String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return String.fromCharCode(
    0xf0 | (code >> 18),
    0x80 | ((code >> 12) & 63),
    0x80 | ((code >> 6) & 63),
    0x80 | (code & 63),
  );
}
