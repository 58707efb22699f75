import { POSIX_CLASSES } from './byte-set.ts';
import { type CodeSet, closeCodeCase, codeSet, codesOfBytes, complementCodes } from './code-set.ts';
import type { Cursor } from './cursor.ts';
import { parseCharacterEscape, parseProperty } from './parse-escape.ts';
import { TYPE_ESCAPES } from './type-escapes.ts';

/** Reads a `[...]` class; the cursor is on the bracket. */
export function parseClass(cursor: Cursor): CodeSet {
  const start = cursor.at++;
  const negated = cursor.take('^');
  const ranges: [number, number][] = [];
  let quoting = false;
  let first = true;
  /** Last single character, which may begin a range. */
  let previous: number | undefined;
  let afterType = false;

  for (;;) {
    if (cursor.done) cursor.fail('"[" without "]"', start);
    if (quoting ? cursor.take('\\E') : cursor.take('\\Q')) {
      quoting = !quoting;
      continue;
    }
    if (!quoting && cursor.take('\\E')) continue;
    const char = cursor.peek();
    if (!quoting) {
      if (char === ']' && !first) break;
      if (cursor.flags.extendedMore && (char === ' ' || char === '\t')) {
        cursor.at++;
        continue;
      }
      if (char === '-' && !first && rangeFollows(cursor)) {
        if (afterType) cursor.fail('a range cannot begin with a class', cursor.at);
        if (previous !== undefined) {
          cursor.at++;
          skipQuotes(cursor);
          const last = parseMember(cursor);
          if (typeof last !== 'number') cursor.fail('a range cannot end with a class');
          if (last < previous) cursor.fail('the range is in the wrong order');
          ranges.push([previous, last]);
          previous = undefined;
          continue;
        }
      }
    }
    first = false;
    const member = quoting ? cursor.takeCharacter() : parseMember(cursor);
    if (typeof member === 'number') {
      ranges.push([member, member]);
      previous = member;
      afterType = false;
    } else {
      ranges.push(...member.map(([from, to]): [number, number] => [from, Math.min(to, cursor.maxCode)]));
      previous = undefined;
      afterType = true;
    }
  }
  cursor.at++;
  const joined = codeSet(ranges.filter(([from, to]) => from <= to));
  const set = cursor.flags.caseless ? closeCodeCase(joined, cursor.utf) : joined;
  return negated ? complementCodes(set, cursor.maxCode) : set;
}

function rangeFollows(cursor: Cursor): boolean {
  const rest = cursor.text.slice(cursor.at + 1, cursor.at + 3);
  return rest !== '' && rest[0] !== ']' && rest !== '\\E';
}

function skipQuotes(cursor: Cursor): void {
  while (cursor.take('\\Q\\E') || cursor.take('\\E'));
}

function parseMember(cursor: Cursor): number | CodeSet {
  const start = cursor.at;
  const char = cursor.peek();
  if (char === '[') {
    const posix = cursor.takeMatch(/\[:(\^?)([A-Za-z]*):\]/y);
    if (posix) return posixSet(cursor, posix[2]!, posix[1] === '^', start);
    if (cursor.takeMatch(/\[([.=])[^\]]*?\1\]/y)) cursor.fail('POSIX collating elements are not supported', start);
    return cursor.takeCharacter();
  }
  if (char !== '\\') return cursor.takeCharacter();
  const name = cursor.peek(1);
  const type = TYPE_ESCAPES.get(name);
  if (type) {
    cursor.at += 2;
    return type;
  }
  if (name === 'b') {
    cursor.at += 2;
    return 8;
  }
  if (name === 'p' || name === 'P') return parseProperty(cursor);
  if (name === 'N' && cursor.utf) return parseCharacterEscape(cursor);
  if ('ABCGKNRXZgkz'.includes(name) && name !== '') cursor.fail(`"\\${name}" is not allowed in a class`, start);
  if (name === '8' || name === '9') {
    cursor.at += 2;
    return name.charCodeAt(0);
  }
  return parseCharacterEscape(cursor);
}

/** Case folding widens `[:upper:]` and `[:lower:]` to letters. */
function posixSet(cursor: Cursor, name: string, negated: boolean, at: number): CodeSet {
  const widened = cursor.flags.caseless && (name === 'upper' || name === 'lower') ? 'alpha' : name;
  const bytes = POSIX_CLASSES.get(widened);
  if (!bytes) return cursor.fail(`the POSIX class "${name}" is not known`, at);
  const set = codesOfBytes(bytes);
  return negated ? complementCodes(set, cursor.maxCode) : set;
}
