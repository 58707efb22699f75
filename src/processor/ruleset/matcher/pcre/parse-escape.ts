import { type Assertion, type Node, sequence } from './ast.ts';
import { ALL } from './byte-set.ts';
import { type CodeSet, characterNode, codeNode, codeSet, complementCodes } from './code-set.ts';
import type { Cursor } from './cursor.ts';
import { propertyCodes } from './properties.ts';
import { ANY, NOT_NEWLINE, TYPE_ESCAPES, VERTICAL } from './type-escapes.ts';

const SIMPLE: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'start',
  z: 'end',
  Z: 'last',
  G: 'first',
  b: 'word-boundary',
  B: 'no-word-boundary',
};

/** What an escape stands for; `quantifiable` is false for assertions. */
export interface Escape {
  readonly node: Node;
  readonly quantifiable: boolean;
}

/** Reads an escape outside of a class; the cursor is on the backslash. */
export function parseEscape(cursor: Cursor): Escape {
  const start = cursor.at;
  const char = cursor.peek(1);
  if (char === '') cursor.fail('the pattern ends in a backslash');

  const assertion = ASSERTIONS[char];
  if (assertion) {
    cursor.at += 2;
    return { node: { kind: 'assertion', what: assertion }, quantifiable: false };
  }
  const type = TYPE_ESCAPES.get(char);
  if (type) {
    cursor.at += 2;
    return found(codeNode(type, cursor.utf));
  }
  switch (char) {
    case 'K':
      if (cursor.lookDepth > 0) cursor.fail('\\K is not allowed in a lookaround');
      cursor.at += 2;
      return { node: { kind: 'keep' }, quantifiable: false };
    case 'N':
      if (cursor.utf && cursor.peek(2) === '{' && cursor.peek(3) === 'U') break;
      cursor.at += 2;
      if (cursor.peek() === '{' && !/^\{\d+(,\d*)?\}/.test(cursor.text.slice(cursor.at))) {
        cursor.fail('\\N{...} needs Unicode mode, but matching is on bytes', start);
      }
      return found(codeNode(NOT_NEWLINE, cursor.utf));
    case 'R':
      cursor.at += 2;
      return found(newlineOr(VERTICAL, cursor.utf));
    case 'X':
      if (cursor.utf) cursor.fail('\\X is not supported in Unicode mode', start);
      cursor.at += 2;
      return found(newlineOr(ANY, false));
    case 'C':
      if (cursor.utf) cursor.fail('\\C is not supported in Unicode mode', start);
      cursor.at += 2;
      return found({ kind: 'set', bytes: ALL });
    case 'p':
    case 'P':
      return found(codeNode(parseProperty(cursor), cursor.utf));
    case 'g':
      return found(parseG(cursor));
    case 'k':
      return found(parseK(cursor));
  }
  if (/[1-9]/.test(char)) {
    const reference = parseNumberReference(cursor);
    if (reference) return found(reference);
  }
  return found(characterNode(parseCharacterEscape(cursor), cursor.flags.caseless, cursor.utf));
}

function found(node: Node): Escape {
  return { node, quantifiable: true };
}

/** CR LF, taken whole or not at all, or one character of a set. */
function newlineOr(set: CodeSet, utf: boolean): Node {
  const pair = sequence([codeNode([[13, 13]], false), codeNode([[10, 10]], false)]);
  return { kind: 'atomic', child: { kind: 'choice', branches: [pair, codeNode(set, utf)] } };
}

/** `\1`: a reference when below ten or when that many groups were opened before, else an octal character. */
function parseNumberReference(cursor: Cursor): Node | undefined {
  const start = cursor.at;
  const digits = /^\d+/.exec(cursor.text.slice(start + 1, start + 12))![0];
  const number = Number(digits);
  if (number >= 10 && digits[0]! < '8' && number > cursor.groups.count) return undefined;
  cursor.at = start + 1 + digits.length;
  return reference(cursor, number, cursor.at);
}

function reference(cursor: Cursor, number: number, at: number): Node {
  cursor.checkGroup(number, at);
  return { kind: 'backreference', groups: [number], caseless: cursor.flags.caseless };
}

function parseG(cursor: Cursor): Node {
  const start = cursor.at;
  const call = cursor.takeMatch(/\\g(?:<([^>]*)>|'([^']*)')/y);
  if (call) return parseCall(cursor, call[1] ?? call[2]!, start);
  const number = cursor.takeMatch(/\\g(?:\{([+-]?\d+)\}|([+-]?\d+))/y);
  if (number) return reference(cursor, relativeGroup(cursor, (number[1] ?? number[2])!, start), start);
  const name = cursor.takeMatch(/\\g\{([A-Za-z_]\w*)\}/y);
  if (name) return namedReference(cursor, name[1]!, start);
  return cursor.fail('\\g without a group number or name', start);
}

function parseK(cursor: Cursor): Node {
  const start = cursor.at;
  const name = cursor.takeMatch(/\\k(?:\{([A-Za-z_]\w*)\}|<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/y);
  if (!name) return cursor.fail('\\k without a group name', start);
  return namedReference(cursor, (name[1] ?? name[2] ?? name[3])!, start);
}

export function namedReference(cursor: Cursor, name: string, at: number): Node {
  return { kind: 'backreference', groups: cursor.namedGroups(name, at), caseless: cursor.flags.caseless };
}

/** `+1` and `-1` count from the groups opened so far. */
export function relativeGroup(cursor: Cursor, text: string, at: number): number {
  const number = Number(text);
  if (text.startsWith('+')) {
    if (number === 0) cursor.fail('a relative group reference of zero', at);
    return cursor.groups.count + number;
  }
  if (!text.startsWith('-')) return number;
  const absolute = cursor.groups.count + 1 + number;
  if (number === 0 || absolute < 1) cursor.fail(`reference to group ${text}, which does not exist`, at);
  return absolute;
}

/** `(?1)`, `(?&name)`, `\g<name>`: runs a group as a subroutine. */
export function parseCall(cursor: Cursor, target: string, at: number): Node {
  if (/^[+-]?\d+$/.test(target)) {
    const group = relativeGroup(cursor, target, at);
    cursor.checkGroup(group, at);
    return { kind: 'call', group };
  }
  if (!/^[A-Za-z_]\w*$/.test(target)) cursor.fail('a group name or number is expected', at);
  const numbers = cursor.namedGroups(target, at);
  return {
    kind: 'call',
    get group() {
      return numbers[0]!;
    },
  };
}

/** An escape that stands for one byte, in and outside of classes; the cursor is on the backslash. */
export function parseCharacterEscape(cursor: Cursor): number {
  const start = cursor.at;
  const char = cursor.peek(1);
  const simple = SIMPLE[char];
  if (simple !== undefined) {
    cursor.at += 2;
    return simple;
  }
  const code =
    cursor.takeMatch(/\\x\{([\dA-Fa-f]*)\}/y) ??
    (cursor.peek(2) === '{' ? undefined : cursor.takeMatch(/\\x([\dA-Fa-f]{0,2})/y));
  if (code) return checkCode(cursor, Number.parseInt(code[1] || (code[0] === '\\x' ? '0' : ''), 16), start);
  const named = cursor.utf ? cursor.takeMatch(/\\N\{U\+([\dA-Fa-f]*)\}/y) : undefined;
  if (named) return checkCode(cursor, Number.parseInt(named[1]!, 16), start);
  if (char === 'x') cursor.fail('\\x{ without a hexadecimal number and }', start);
  const octal = cursor.takeMatch(/\\o\{([0-7]*)\}/y);
  if (octal) return checkCode(cursor, Number.parseInt(octal[1]!, 8), start);
  if (char === 'o') cursor.fail('\\o without {octal number}', start);
  const digits = cursor.takeMatch(/\\(0[0-7]{0,2}|[1-7][0-7]{0,2})/y);
  if (digits) return checkCode(cursor, Number.parseInt(digits[1]!, 8), start);
  if (char === 'c') {
    const control = cursor.peek(2);
    if (!/^[ -~]$/.test(control)) cursor.fail('\\c without a printable character', start);
    cursor.at += 3;
    return control.toUpperCase().charCodeAt(0) ^ 0x40;
  }
  if (/[A-Za-z\d]/.test(char)) {
    const why = /[LlUuF]/.test(char) ? 'is not supported by PCRE2' : 'is not known to PCRE2';
    cursor.fail(`"\\${char}" ${why}`, start);
  }
  cursor.at++;
  return cursor.takeCharacter();
}

function checkCode(cursor: Cursor, code: number, at: number): number {
  if (Number.isNaN(code)) cursor.fail('digits are missing between the braces', at);
  if (code > cursor.maxCode || (code >= 0xd800 && code <= 0xdfff)) {
    cursor.fail(
      cursor.utf ? 'there is no such character' : 'a character above 0xff needs Unicode mode, but matching is on bytes',
      at,
    );
  }
  return code;
}

/** `\p{L}`; in byte mode the bytes are taken as Latin-1 characters, as PCRE2 does. */
export function parseProperty(cursor: Cursor): CodeSet {
  const start = cursor.at;
  const match = cursor.takeMatch(/\\([pP])(?:\{(\^?)([^{}]*)\}|([A-Za-z]))/y);
  if (!match) return cursor.fail('\\p without a property name', start);
  const [, kind, caret, braced, letter] = match;
  const name = (braced ?? letter)!;
  const set = propertyCodes(name, cursor.maxCode);
  if (!set) return cursor.fail(`the Unicode property "${name}" is not known`, start);
  return (kind === 'P') !== (caret === '^') ? complementCodes(set, cursor.maxCode) : codeSet(set);
}
