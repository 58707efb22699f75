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
export const MAX_LINE = 65534;
/** Further problems are only counted: a binary file given as a list must not flood the output. */
const MAX_PROBLEMS = 50;

/** The first complaints about a list. */
export class ListProblems {
  readonly all: ListProblem[] = [];

  /** `key` is that of a duplicate. */
  note(code: ListProblem['code'], line: number, offset: number, key = ''): void {
    if (this.all.length < MAX_PROBLEMS) this.all.push({ code, message: describe(code, key), line, offset });
  }
}

function describe(code: ListProblem['code'], key: string): string {
  switch (code) {
    case 'list-line-too-long':
      return `line has more than ${MAX_LINE} bytes and is read in pieces`;
    case 'list-line-unbalanced-quotes':
      return 'quotes are not closed: the line is skipped';
    case 'list-line-without-colon':
      return 'line has no colon and is no entry (write "key:" for an empty value)';
    case 'list-duplicate-key':
      return `key "${shorten(key)}" is there already: the first one counts`;
  }
}

/** Reads the text of a CDB list: `key:value` lines, quotes in the wazuh dialect, `###` comments in the ossec one. */
export function parseList(text: string, dialect: Dialect): ParsedList {
  const entries = new Map<string, string>();
  const problems = new ListProblems();
  let line = 0;
  let start = 0;
  while (start < text.length) {
    line++;
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    let offset = start;
    if (end - offset > MAX_LINE) problems.note('list-line-too-long', line, offset);
    do {
      const piece = text.slice(offset, Math.min(end, offset + MAX_LINE));
      readLine(piece, dialect, entries, (code, key) => problems.note(code, line, offset, key));
      offset += MAX_LINE;
    } while (offset < end);
    start = end + 1;
  }
  return { entries, problems: problems.all };
}

function readLine(
  raw: string,
  dialect: Dialect,
  entries: Map<string, string>,
  complain: (code: ListProblem['code'], key?: string) => void,
): void {
  const line = cutAt(cutAt(raw, '\r'), '\0');
  const entry = dialect === 'ossec' ? readPlain(stripComment(line)) : readQuoted(line);
  if (typeof entry === 'string') {
    complain('list-line-unbalanced-quotes');
  } else if (entry === undefined) {
    const text = dialect === 'ossec' ? stripComment(line) : line;
    if (text.trim() !== '') complain('list-line-without-colon');
  } else if (entries.has(entry.key)) {
    complain('list-duplicate-key', entry.key);
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
