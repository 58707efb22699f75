/**
 * The engine works on bytes, as the originals do: strings whose every character is one byte. Texts are turned into
 * that form when they enter and back into Unicode when they leave; for ASCII, which most logs are, both are the identity.
 */
export function textToBytes(text: string): string {
  return Buffer.byteLength(text, 'utf8') === text.length ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Bytes that are not valid UTF-8 become U+FFFD. */
export function bytesToText(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A latin1 character above 127 takes two bytes in UTF-8, so equal lengths mean ASCII; the count is native code. */
function isAscii(bytes: string): boolean {
  return Buffer.byteLength(bytes, 'utf8') === bytes.length;
}
