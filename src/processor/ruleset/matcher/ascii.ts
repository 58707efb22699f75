/** Texts up to this length are looked through before anything is made. */
const SHORT = 32;

/**
 * ASCII case folding, the only folding the original engines do on bytes: `A`-`Z` become `a`-`z`, every other byte stays,
 * so a Latin-1 capital (one byte of some UTF-8 sequence) is left alone.
 *
 * One event's texts are tested by many matchers in turn: the last short text (a field) and the last long one (the log) are
 * remembered, so that they do not drive each other out.
 */
export function foldAscii(text: string): string {
  if (text.length <= SHORT) {
    if (text === lastShort) return lastShortFolded;
    lastShort = text;
    lastShortFolded = hasCapital(text) ? fold(text) : text;
    return lastShortFolded;
  }
  if (text === lastLong) return lastLongFolded;
  lastLong = text;
  lastLongFolded = fold(text);
  return lastLongFolded;
}

let lastShort = '';
let lastShortFolded = '';
let lastLong = '';
let lastLongFolded = '';

function hasCapital(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 65 && code <= 90) return true;
  }
  return false;
}

function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  // Lower case of the language would change bytes above 127 too.
  const bytes = text.length <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafe(text.length);
  const length = bytes.write(text, 0, 'latin1');
  for (let index = 0; index < length; index++) bytes[index] = FOLD[bytes[index]!]!;
  return bytes.toString('latin1', 0, length);
}

const SCRATCH = Buffer.allocUnsafeSlow(65536);

/** A character above 127 takes two bytes in UTF-8, so equal lengths mean ASCII; the count is native code. */
export function isAscii(text: string): boolean {
  return Buffer.byteLength(text, 'utf8') === text.length;
}

/** Byte to folded byte. */
export const FOLD: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 65 && byte <= 90 ? byte + 32 : byte,
);

export function hasHighByte(text: string): boolean {
  return !isAscii(text);
}
