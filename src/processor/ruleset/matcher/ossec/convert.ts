import { PatternError } from '../types.ts';

/**
 * OSSEC 4.3 has no matcher of its own for OS_Regex and OS_Match: it turns them into PCRE2 patterns (UTF-8, ignoring case),
 * so nesting, alternation in groups and full backtracking work there.
 */

const CLASSES: Readonly<Record<string, string>> = {
  w: '[A-Za-z0-9@_-]',
  W: '[^A-Za-z0-9@_-]',
  d: '[0-9]',
  D: '[^0-9]',
  s: '[ ]',
  S: '[^ ]',
  p: '[()*+,.:;\\<=>?\\[\\]!"\'#%&$|{}-]',
  t: '\\t',
  '.': '(?s:.)',
};
const ESCAPED = '()\\$|{}[]';
const MAX_PATTERN = 2048;

/** @throws PatternError for an escape that OS_Regex does not have */
export function convertOsRegex(pattern: string): string {
  if (pattern.length > MAX_PATTERN) throw new PatternError(`pattern longer than ${MAX_PATTERN} bytes`);
  let converted = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    if (char === '\\') {
      converted += convertEscape(pattern, at);
      at++;
    } else if (char === '+' || char === '*') {
      // The original looks two bytes back for the backslash, whatever stands between.
      converted += pattern[at - 2] === '\\' ? char + (isLast(pattern, at + 1) ? '' : '?') : `\\${char}`;
    } else if (char === '$') {
      converted += '(?!\\n)$';
    } else {
      converted += '.[]{}?'.includes(char) ? `\\${char}` : char;
    }
  }
  return converted;
}

function convertEscape(pattern: string, at: number): string {
  const name = pattern[at + 1];
  if (name === undefined) throw new PatternError('the pattern ends in a backslash', at);
  if (name === '<') return '<';
  const converted = CLASSES[name] ?? (ESCAPED.includes(name) ? `\\${name}` : undefined);
  if (converted === undefined) throw new PatternError(`"\\${name}" is not known to osregex; use a *_pcre2 element`, at);
  return converted;
}

/** Quantifiers are lazy, except where only closing parentheses stand between them and the end of the alternative. */
function isLast(pattern: string, at: number): boolean {
  while (pattern[at] === ')') at++;
  return at >= pattern.length || pattern[at] === '|' || pattern[at] === '$';
}

/** OS_Match in OSSEC: `^` and `$` are assertions wherever they stand, `|` separates, there is no `!`. */
export function convertOsMatch(pattern: string): string {
  return pattern.replace(/[.[\]{}?+*()\\]/g, '\\$&');
}
