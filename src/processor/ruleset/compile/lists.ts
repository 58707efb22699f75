import type { Diagnostic } from '../diagnostics.ts';
import type { Dialect } from '../parse/ast.ts';
import { type ListProblem, parseList } from '../parse/list.ts';
import type { ListEntries } from './memory-list.ts';
import { packList, packListInTurns } from './packed-list.ts';

/** Files from this size on are packed: some 60,000 keys. Look-ups take as long either way; a `Map` is simpler to look into. */
export const PACKED_FROM_BYTES = 1024 * 1024;

/** A list is known by its path without `.cdb` and what may follow it. */
export function listKey(path: string): string {
  const suffix = path.indexOf('.cdb');
  return suffix < 0 ? path : path.slice(0, suffix);
}

export interface ReadList {
  readonly entries: ListEntries;
  readonly diagnostics: Diagnostic[];
}

/** Reads the text of a list; complaints about lines are ours, the original skips what it does not understand in silence. */
export function readListText(path: string, content: string, dialect: Dialect): ReadList {
  const { entries, problems } = parseList(content, dialect);
  return { entries, diagnostics: diagnosticsOf(path, problems) };
}

/** Reads the bytes of a list, which a large one keeps. */
export function readListBytes(path: string, bytes: Uint8Array, dialect: Dialect): ReadList {
  if (bytes.length < PACKED_FROM_BYTES) return readListText(path, textOf(bytes), dialect);
  const { entries, problems } = packList(bytes, dialect);
  return { entries, diagnostics: diagnosticsOf(path, problems) };
}

/** The same, with turns for others in between. */
export async function readListBytesInTurns(path: string, bytes: Uint8Array, dialect: Dialect): Promise<ReadList> {
  if (bytes.length < PACKED_FROM_BYTES) return readListText(path, textOf(bytes), dialect);
  const { entries, problems } = await packListInTurns(bytes, dialect);
  return { entries, diagnostics: diagnosticsOf(path, problems) };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function diagnosticsOf(path: string, problems: readonly ListProblem[]): Diagnostic[] {
  return problems.map(({ code, message, line, offset }): Diagnostic => {
    return { severity: 'info', code, message, span: { file: path, line, column: 1, offset } };
  });
}
