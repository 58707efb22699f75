const UPPER = /[A-Z]/;

/** ASCII only: bytes above 127 stay, as in the originals. */
export function lowerAscii(text: string): string {
  return UPPER.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
