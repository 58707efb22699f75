/**
 * ASCII case folding, the only folding the original engines do on bytes: `A`-`Z` become `a`-`z`, every other byte stays,
 * so a Latin-1 capital (one byte of some UTF-8 sequence) is left alone.
 */
export function foldAscii(text: string): string {
  if (text === lastText) return lastFolded;
  const folded = isAscii(text) ? text.toLowerCase() : text.replace(CAPITALS, (run) => run.toLowerCase());
  lastText = text;
  lastFolded = folded;
  return folded;
}

/** A character above 127 takes two bytes in UTF-8, so equal lengths mean ASCII; the count is native code. */
export function isAscii(text: string): boolean {
  return Buffer.byteLength(text, 'utf8') === text.length;
}

const CAPITALS = /[A-Z]+/g;

/** One event's text is tested by many matchers in a row: the last answer is kept. */
let lastText = '';
let lastFolded = '';

/** Byte to folded byte. */
export const FOLD: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 65 && byte <= 90 ? byte + 32 : byte,
);

export function hasHighByte(text: string): boolean {
  return !isAscii(text);
}
