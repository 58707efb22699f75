import type { Diagnostic } from '../diagnostics.ts';
import type { Dialect } from '../parse/ast.ts';
import { parseList } from '../parse/list.ts';

/** A list is known by its path without `.cdb` and what may follow it. */
export function listKey(path: string): string {
  const suffix = path.indexOf('.cdb');
  return suffix < 0 ? path : path.slice(0, suffix);
}

/** Reads the text of a list; complaints about lines are ours, the original skips what it does not understand in silence. */
export function readListText(
  path: string,
  content: string,
  dialect: Dialect,
): { entries: ReadonlyMap<string, string>; diagnostics: Diagnostic[] } {
  const { entries, problems } = parseList(content, dialect);
  const diagnostics = problems.map(({ code, message, line, offset }): Diagnostic => {
    return { severity: 'info', code, message, span: { file: path, line, column: 1, offset } };
  });
  return { entries, diagnostics };
}
