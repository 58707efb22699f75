/**
 * Characters that act on a terminal or break a line-oriented file: C0 without tab and newline, DEL, C1, the Unicode
 * line separators, and the marks that change the direction of what follows.
 */
const ACTING = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const ACTING_OR_NEWLINE = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Untrusted text that may span lines, with every acting character but newline and tab shown as `\x1b` or `\u202e`. */
export function printableText(text: string): string {
  return text.replace(ACTING, show);
}

/** Untrusted text for one line: as `printableText`, and a newline is shown as `\x0a`. */
export function printableLine(text: string): string {
  return text.replace(ACTING_OR_NEWLINE, show);
}

/** JSON with the acting characters inside its strings written as escapes, which means the same. */
export function printableJson(json: string): string {
  return json.replace(ACTING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function show(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
