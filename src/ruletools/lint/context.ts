import type { RulesetSource } from '../../processor/ruleset/compile/compile.ts';
import type { Condition, Decoder, Rule, Ruleset } from '../../processor/ruleset/compile/ruleset.ts';
import type { Diagnostic, SourceSpan } from '../../processor/ruleset/diagnostics.ts';
import type { DecoderAst, RuleAst } from '../../processor/ruleset/parse/ast.ts';

/** What checks look at. */
export interface LintContext {
  readonly source: RulesetSource;
  /** As written, in load order. */
  readonly rules: readonly RuleAst[];
  readonly decoders: readonly DecoderAst[];
  /** Findings of the loader. */
  readonly loader: readonly Diagnostic[];
  report(
    severity: 'warning' | 'info',
    code: LintCode,
    message: string,
    span: SourceSpan | undefined,
    help: string,
  ): void;
}

/** What checks look at that want a ruleset which loads. */
export interface CompiledContext extends LintContext {
  readonly ruleset: Ruleset;
  /** Rules in load order: parents come before children. */
  readonly compiled: readonly Rule[];
  readonly parents: ReadonlyMap<Rule, readonly Rule[]>;
  /** Every decoder once, roots before their children. */
  readonly allDecoders: readonly Decoder[];
}

/** Stable, and listed in `docs/diagnostics.md`. */
export type LintCode =
  | 'rule-forward-reference'
  | 'rule-shadowed'
  | 'rule-matches-all'
  | 'rule-category-mismatch'
  | 'rule-decoder-never-decides'
  | 'rule-field-unset'
  | 'rule-group-matches-itself'
  | 'rule-matched-group-empty'
  | 'rule-matched-sid-silent'
  | 'rule-if-group-ignored'
  | 'rule-same-field-static'
  | 'rule-maxsize-is-minimum'
  | 'rule-lists-lost'
  | 'description-field-unset'
  | 'group-missing-comma'
  | 'decoder-unreachable'
  | 'decoder-chain-interrupted'
  | 'decoder-root-regex-unused'
  | 'decoder-settings-ignored'
  | 'decoder-order-mismatch'
  | 'decoder-order-case'
  | 'list-unused'
  | 'pattern-explodes'
  | 'pattern-matches-all'
  | 'pattern-wrong-language'
  | 'dialect-address-negation'
  | 'dialect-check-if-ignored'
  | 'dialect-osmatch-negation'
  | 'dialect-description-fields';

export const placeOf = ({ file, line }: SourceSpan): string => `${file.split('/').at(-1)}:${line}`;

/** Equal for conditions that decide alike; undefined for those that remember something. */
export function conditionKey(condition: Condition): string | undefined {
  switch (condition.kind) {
    case 'decoded_as':
      return `decoded_as ${condition.decoderId}`;
    case 'text':
      return JSON.stringify([
        condition.source,
        condition.matcher.language,
        condition.matcher.pattern,
        condition.negate,
      ]);
    case 'field':
      return JSON.stringify([
        'field',
        condition.field,
        condition.matcher.language,
        condition.matcher.pattern,
        condition.negate,
      ]);
    case 'address':
      // Addresses cannot be compared: each is itself alone.
      return `address ${condition.span.file}:${condition.span.offset}`;
    case 'compiled_rule':
      return `compiled_rule ${condition.name}`;
    case 'maxsize':
      return `maxsize ${condition.bytes}`;
    case 'time':
      return JSON.stringify(condition.range);
    case 'weekday':
      return JSON.stringify(condition.days);
    case 'list':
      return JSON.stringify([
        'list',
        condition.field,
        condition.list.name,
        condition.lookup,
        condition.checkValue?.pattern,
      ]);
    case 'check_diff':
    case 'if_fts':
      return undefined;
  }
}
