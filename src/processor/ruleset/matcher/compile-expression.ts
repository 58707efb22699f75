import { ExactMatcher } from './exact.ts';
import { OsMatchMatcher } from './osmatch/matcher.ts';
import { OsRegexMatcher, OsRegexSearcher } from './osregex/matcher.ts';
import { compileOssecMatch, compileOssecRegex } from './ossec/matcher.ts';
import { PcreMatcher } from './pcre/matcher.ts';
import { type Matcher, PatternError, type Searcher } from './types.ts';

export type ExpressionLanguage = 'osmatch' | 'osregex' | 'pcre2' | 'exact';

export interface Expression {
  readonly language: ExpressionLanguage;
  /** Bytes, as written in the ruleset. */
  readonly pattern: string;
  readonly dialect: 'wazuh' | 'ossec';
  /** Decoders want captures; rules do not, and OS_Regex may decide differently then. */
  readonly captures: boolean;
}

/**
 * Compiles a pattern once for many texts.
 *
 * @throws PatternError in words for the people who write rules; the offset counts bytes of the pattern
 */
export function compileExpression(expression: Expression & { captures: true }): Searcher;
export function compileExpression(expression: Expression): Matcher;
export function compileExpression({ language, pattern, dialect, captures }: Expression): Matcher {
  const ossec = dialect === 'ossec';
  switch (language) {
    case 'osmatch':
      return ossec ? compileOssecMatch(pattern) : new OsMatchMatcher(pattern);
    case 'osregex':
      if (ossec) return compileOssecRegex(pattern);
      return captures ? new OsRegexSearcher(pattern) : new OsRegexMatcher(pattern);
    case 'pcre2':
      return new PcreMatcher(pattern, { caseless: ossec, utf: false, captures: ossec ? 'packed' : 'by-number' });
    case 'exact':
      if (captures) throw new PatternError('a plain text has no captures');
      return new ExactMatcher(pattern);
  }
}
