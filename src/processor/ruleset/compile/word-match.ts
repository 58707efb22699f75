import { foldAscii } from '../parse/words.ts';

/**
 * Test of `if_group`: words separated by `|`, each somewhere in a group text, or at its start with `^` (ruleset-engine 5.4).
 * The text comes in lower case, since many patterns look at the same ones. Two slips of the original stay: a pattern that ends
 * in `|` fits every text, an empty word elsewhere none.
 */
export function compileWordMatch(pattern: string): (foldedText: string) => boolean {
  if (pattern === '') return () => false;
  const pieces = foldAscii(pattern).split('|');
  if (pieces.at(-1) === '') return () => true;
  const words = pieces.filter((word) => word !== '');
  return (text) => words.some((word) => (word.startsWith('^') ? text.startsWith(word.slice(1)) : text.includes(word)));
}
