import { compileExpression } from '../matcher/compile-expression.ts';
import { type Matcher, PatternError, type Searcher } from '../matcher/types.ts';
import type { Dialect, ExpressionLanguage } from '../parse/ast.ts';
import { compileAddressCondition } from './address.ts';
import type { AddressMatcher, Compat } from './ruleset.ts';

/** Compiles the expressions of one ruleset, each distinct one once: matchers hold no state that outlives a call. */
export class Expressions {
  readonly #dialect: Dialect;
  readonly #compat: Compat;
  readonly #matchers = new Map<string, Matcher>();
  readonly #searchers = new Map<string, Searcher>();

  constructor(dialect: Dialect, compat: Compat = 'default') {
    this.#dialect = dialect;
    this.#compat = compat;
  }

  /** @throws PatternError */
  matcher(language: ExpressionLanguage, pattern: string): Matcher {
    const key = `${language}:${pattern}`;
    let matcher = this.#matchers.get(key);
    if (matcher === undefined) {
      this.#refuseEmpty(language, pattern);
      matcher = compileExpression({ language, pattern, dialect: this.#dialect, captures: false });
      this.#matchers.set(key, matcher);
    }
    return matcher;
  }

  /** @throws PatternError */
  searcher(language: ExpressionLanguage, pattern: string): Searcher {
    const key = `${language}:${pattern}`;
    let searcher = this.#searchers.get(key);
    if (searcher === undefined) {
      this.#refuseEmpty(language, pattern);
      searcher = compileExpression({ language, pattern, dialect: this.#dialect, captures: true });
      this.#searchers.set(key, searcher);
    }
    return searcher;
  }

  /** OSSEC's own rule: an empty `<regex>` or `<pcre2>` stops it, an empty `<match>` does not. */
  #refuseEmpty(language: ExpressionLanguage, pattern: string): void {
    if (this.#dialect === 'ossec' && pattern === '' && language !== 'osmatch' && language !== 'exact') {
      throw new PatternError('empty pattern');
    }
  }

  /** @throws PatternError */
  addresses(values: readonly string[]): AddressMatcher {
    return compileAddressCondition(values, this.#dialect, this.#compat);
  }
}
