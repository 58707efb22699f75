import type { LiteralAlternative } from '../literal-set.ts';

export interface LiteralPattern {
  /** Leading `!`: the whole result is turned round. */
  readonly negated: boolean;
  readonly alternatives: readonly LiteralAlternative[];
}

/**
 * Reads an OS_Match pattern as Wazuh 4.14 does; every text is a pattern, since nothing can be escaped. An empty piece
 * matches every text, with one anchor too; only `^$` means the empty text.
 */
export function parseOsMatch(pattern: string): LiteralPattern {
  const negated = pattern.startsWith('!');
  const pieces = (negated ? pattern.slice(1) : pattern).split('|');
  return { negated, alternatives: pieces.map(readAlternative) };
}

function readAlternative(piece: string): LiteralAlternative {
  const begin = piece.startsWith('^');
  const rest = begin ? piece.slice(1) : piece;
  const end = rest.endsWith('$');
  return { text: end ? rest.slice(0, -1) : rest, begin, end };
}
