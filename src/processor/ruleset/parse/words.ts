import type { XmlAttribute, XmlElement } from './ast.ts';

/**
 * Cuts a comma list as the originals do: `\,` is a comma of the text, every piece loses the blanks before it and what follows
 * its first blank inside. Only spaces are blanks: a tab or a newline becomes part of the name.
 *
 * @param limit pieces at most; the last one takes the rest.
 */
export function splitWords(text: string, limit: number): string[] {
  return splitCommas(text, limit).map((piece) => {
    const word = piece.replace(/^ +/, '');
    const end = word.indexOf(' ');
    return end < 0 ? word : word.slice(0, end);
  });
}

/** @see splitWords */
export function splitCommas(text: string, limit: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character !== ',' || pieces.length >= limit - 1) {
      piece += character;
    } else if (piece.endsWith('\\')) {
      piece = `${piece.slice(0, -1)},`;
    } else {
      pieces.push(piece);
      piece = '';
    }
  }
  pieces.push(piece);
  return pieces;
}

/** Digits only; the empty text counts as a number, as in the originals. */
export function isNumber(text: string): boolean {
  return /^\d*$/.test(text);
}

/** At most `width` digits from the start; undefined for the empty text, which leaves a value as it was. */
export function readDigits(text: string, width: number): number | undefined {
  return text === '' ? undefined : Number(text.slice(0, width));
}

/** C `atoi` of a text of digits on a 64-bit machine: what is too large wraps, and is as surprising as there. */
export function readInt(text: string): number {
  const digits = /^\d+/.exec(text)?.[0] ?? '0';
  if (digits.length < 10) return Number(digits);
  const large = BigInt(digits);
  const max = 2n ** 63n - 1n;
  return Number(BigInt.asIntN(32, large > max ? max : large));
}

/** Looks up an attribute by its exact name (`type`, `negate`, `name`, `offset` do not ignore case). */
export function attributeOf(element: XmlElement, name: string): XmlAttribute | undefined {
  return element.attributes.find((attribute) => attribute.name === name);
}

/** Text fit for a message: one line, not too long. */
export function quote(text: string): string {
  const line = text.replace(/[\n\r\t]/g, ' ');
  return `"${line.length > 60 ? `${line.slice(0, 60)}…` : line}"`;
}

/** Lower case of ASCII letters only: the originals run in the C locale, and other bytes are no letters there. */
export function foldAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
