import type { ExpressionLanguage } from '../parse/ast.ts';

/** A word of help for a pattern with an error in it. */
export function explainPattern(language: ExpressionLanguage, pattern: string): string {
  if (language === 'pcre2')
    return 'Check it as a PCRE2 expression; a "<" is written "\\<" in the file and stays so in the pattern.';
  if (/\([^)]*\|/.test(pattern)) return 'osregex knows no alternatives inside of ( ); use type="pcre2".';
  if (/\\[^dDwWsStp.()|\\$<]/.test(pattern))
    return 'osregex knows only \\d \\w \\s \\t \\p \\. and their opposites; use type="pcre2".';
  return 'osregex knows no nested groups, no [ ] and no { }; use type="pcre2".';
}
