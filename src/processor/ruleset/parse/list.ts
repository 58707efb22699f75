import type { Dialect } from './ast.ts';

export interface ParsedList {
  /** The first of equal keys counts, as in the original's database. */
  readonly entries: ReadonlyMap<string, string>;
  readonly problems: readonly ListProblem[];
}

/** A line that gives no entry. */
export interface ListProblem {
  readonly code:
    | 'list-line-without-colon'
    | 'list-line-unbalanced-quotes'
    | 'list-duplicate-key'
    | 'list-line-too-long';
  readonly message: string;
  /** Counts from 1. */
  readonly line: number;
  /** Bytes from the start of the file to that of the line. */
  readonly offset: number;
}

/** The originals read that many bytes at once; the rest of a longer line is a line of its own to them. */
const MAX_LINE = 65534;
/** Further problems are only counted: a binary file given as a list must not flood the output. */
const MAX_PROBLEMS = 50;

/** Reads the text of a CDB list: `key:value` lines, quotes in the wazuh dialect, `###` comments in the ossec one. */
export function parseList(text: string, dialect: Dialect): ParsedList {
  const entries = new Map<string, string>();
  const problems: ListProblem[] = [];
  let line = 0;
  let start = 0;
  while (start < text.length) {
    line++;
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    let offset = start;
    if (end - offset > MAX_LINE) {
      report(
        problems,
        'list-line-too-long',
        `line has more than ${MAX_LINE} bytes and is read in pieces`,
        line,
        offset,
      );
    }
    do {
      const piece = text.slice(offset, Math.min(end, offset + MAX_LINE));
      readLine(piece, dialect, entries, (code, message) => report(problems, code, message, line, offset));
      offset += MAX_LINE;
    } while (offset < end);
    start = end + 1;
  }
  return { entries, problems };
}

function report(
  problems: ListProblem[],
  code: ListProblem['code'],
  message: string,
  line: number,
  offset: number,
): void {
  if (problems.length < MAX_PROBLEMS) problems.push({ code, message, line, offset });
}

function readLine(
  raw: string,
  dialect: Dialect,
  entries: Map<string, string>,
  complain: (code: ListProblem['code'], message: string) => void,
): void {
  const line = cutAt(cutAt(raw, '\r'), '\0');
  const entry = dialect === 'ossec' ? readPlain(stripComment(line)) : readQuoted(line);
  if (typeof entry === 'string') {
    complain('list-line-unbalanced-quotes', 'quotes are not closed: the line is skipped');
  } else if (entry === undefined) {
    const blank = line.trim() === '' || (dialect === 'ossec' && stripComment(line) === '');
    if (!blank)
      complain('list-line-without-colon', 'line has no colon and is no entry (write "key:" for an empty value)');
  } else if (entries.has(entry.key)) {
    complain('list-duplicate-key', `key "${shorten(entry.key)}" is there already: the first one counts`);
  } else {
    entries.set(entry.key, entry.value);
  }
}

interface Entry {
  key: string;
  value: string;
}

function readPlain(line: string): Entry | undefined {
  const colon = line.indexOf(':');
  return colon < 0 ? undefined : { key: line.slice(0, colon), value: line.slice(colon + 1) };
}

/** A quote before the first colon starts a quoted key; what stands around quoted texts is dropped. */
function readQuoted(line: string): Entry | 'unbalanced' | undefined {
  const colon = line.indexOf(':');
  if (colon < 0) return undefined;
  const quote = line.indexOf('"');
  let key: string | undefined;
  let rest = line;
  if (quote >= 0 && colon > quote) {
    const closing = line.indexOf('"', quote + 1);
    if (closing < 0) return 'unbalanced';
    key = line.slice(quote + 1, closing);
    rest = line.slice(closing + 1);
  }
  const entry = readPlain(rest);
  if (entry === undefined) return undefined;
  key ??= entry.key;
  const opening = entry.value.indexOf('"');
  if (opening < 0) return { key, value: entry.value };
  const closing = entry.value.indexOf('"', opening + 1);
  return closing < 0 ? 'unbalanced' : { key, value: entry.value.slice(opening + 1, closing) };
}

/** OSSEC: from `###` on, with the blanks before it. */
function stripComment(line: string): string {
  const comment = line.indexOf('###');
  return comment < 0 ? line : line.slice(0, comment).replace(/[ \t]+$/, '');
}

function cutAt(text: string, mark: string): string {
  const end = text.indexOf(mark);
  return end < 0 ? text : text.slice(0, end);
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
