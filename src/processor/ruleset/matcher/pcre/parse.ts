import { choice, EMPTY, type Node, type Pattern, sequence } from './ast.ts';
import { WORD } from './byte-set.ts';
import { characterNode, codeNode } from './code-set.ts';
import { Cursor, NO_FLAGS } from './cursor.ts';
import { parseClass } from './parse-class.ts';
import { parseEscape } from './parse-escape.ts';
import { parseGroup, parseLeadingVerbs } from './parse-group.ts';
import { takeQuantifier } from './parse-quantifier.ts';
import { ANY, NOT_NEWLINE } from './type-escapes.ts';

/** As in PCRE2; it also bounds the recursion of everything that walks a pattern. */
const MAX_NESTING = 250;

export interface PcreOptions {
  readonly caseless: boolean;
  readonly utf: boolean;
}

/**
 * Reads what PCRE2 10.42 accepts without options (bytes, case-sensitive), `caseless` and `utf` apart. In UTF mode,
 * which `(*UTF)` switches on too, characters become the bytes that encode them; subjects must then be valid UTF-8.
 *
 * @throws PatternError with the byte offset; what PCRE2 has and this has not is named in the message
 */
export function parsePcre(pattern: string, options: PcreOptions): Pattern {
  const cursor = new Cursor(pattern, { ...NO_FLAGS, caseless: options.caseless }, options.utf);
  parseLeadingVerbs(cursor);
  const root = parseBranches(cursor, false);
  if (!cursor.done) cursor.fail('")" without "("; a literal one is written "\\)"');
  cursor.resolveAll();
  return { root, groups: cursor.groups.count, utf: cursor.utf };
}

/**
 * Reads branches up to the closing parenthesis (not taken) or the end. Option settings inside last to the end of the
 * group. `reset` is `(?|`: every branch numbers its groups anew.
 */
export function parseBranches(cursor: Cursor, reset: boolean): Node {
  return choice(parseBranchList(cursor, reset));
}

export function parseBranchList(cursor: Cursor, reset: boolean): Node[] {
  const outer = cursor.flags;
  if (++cursor.nesting > MAX_NESTING) cursor.fail(`groups are nested more than ${MAX_NESTING} deep`);
  const branches: Node[] = [];
  const firstGroup = cursor.groups.count;
  let lastGroup = firstGroup;
  do {
    if (reset) cursor.groups.count = firstGroup;
    branches.push(parseSequence(cursor));
    lastGroup = Math.max(lastGroup, cursor.groups.count);
  } while (cursor.take('|'));
  cursor.groups.count = lastGroup;
  cursor.flags = outer;
  cursor.nesting--;
  return branches;
}

function parseSequence(cursor: Cursor): Node {
  const items: Node[] = [];
  /** Whether a quantifier may follow. */
  let quantifiable = false;
  for (;;) {
    skipIgnored(cursor);
    if (cursor.done) break;
    if (cursor.quoting) {
      items.push(takeLiteral(cursor));
      quantifiable = true;
      continue;
    }
    const char = cursor.peek();
    if (char === '|' || char === ')') break;
    const start = cursor.at;
    const quantifier = takeQuantifier(cursor);
    if (quantifier) {
      if (!quantifiable)
        cursor.fail(`quantifier "${cursor.text.slice(start, cursor.at)}" follows nothing to repeat`, start);
      items.push(repeat(items.pop() ?? EMPTY, quantifier.min, quantifier.max, quantifier.mode));
      quantifiable = false;
      continue;
    }
    const item = parseItem(cursor, char);
    quantifiable = item.quantifiable;
    items.push(item.node);
  }
  return sequence(items);
}

/** Quotes, comments, and white space under `x`. */
export function skipIgnored(cursor: Cursor): void {
  for (;;) {
    if (cursor.quoting) {
      if (!cursor.take('\\E')) return;
      cursor.quoting = false;
    } else if (cursor.take('\\Q')) {
      cursor.quoting = true;
    } else if (cursor.text.startsWith('(?#', cursor.at)) {
      const close = cursor.text.indexOf(')', cursor.at);
      if (close < 0) cursor.fail('"(?#" without ")"');
      cursor.at = close + 1;
    } else if (!cursor.take('\\E') && !(cursor.flags.extended && cursor.takeMatch(/[\t-\r ]+|#[^\n]*(?:\n|$)/y))) {
      return;
    }
  }
}

interface Item {
  readonly node: Node;
  readonly quantifiable: boolean;
}

function parseItem(cursor: Cursor, char: string): Item {
  const { flags } = cursor;
  switch (char) {
    case '\\':
      return parseEscape(cursor);
    case '[':
      return parseBracket(cursor);
    case '(':
      return parseGroup(cursor);
    case '.':
      cursor.at++;
      return { node: codeNode(flags.dotAll ? ANY : NOT_NEWLINE, cursor.utf), quantifiable: true };
    case '^':
      cursor.at++;
      return { node: { kind: 'assertion', what: flags.multiline ? 'line-start' : 'start' }, quantifiable: false };
    case '$':
      cursor.at++;
      return { node: { kind: 'assertion', what: flags.multiline ? 'line-end' : 'last' }, quantifiable: false };
    default:
      return { node: takeLiteral(cursor), quantifiable: true };
  }
}

/** `[[:<:]]` and `[[:>:]]` are word ends, anything else a class. */
function parseBracket(cursor: Cursor): Item {
  const boundary = cursor.takeMatch(/\[\[:([<>]):\]\]/y);
  if (!boundary) return { node: codeNode(parseClass(cursor), cursor.utf), quantifiable: true };
  const word: Node = { kind: 'look', ahead: boundary[1] === '<', negative: false, branches: [WORD_BYTE] };
  return { node: sequence([{ kind: 'assertion', what: 'word-boundary' }, word]), quantifiable: false };
}

const WORD_BYTE: Node = { kind: 'set', bytes: WORD };

function takeLiteral(cursor: Cursor): Node {
  return characterNode(cursor.takeCharacter(), cursor.flags.caseless, cursor.utf);
}

/** An assertion does not gain from being repeated: PCRE2 tries it once, or once or not at all. */
function repeat(child: Node, min: number, max: number, mode: (Node & { kind: 'repeat' })['mode']): Node {
  if (child.kind === 'look') {
    if (max > 0) max = 1;
    if (min > 1) min = 1;
  }
  if (min === 1 && max === 1) return mode === 'possessive' ? { kind: 'atomic', child } : child;
  return { kind: 'repeat', child, min, max, mode };
}
