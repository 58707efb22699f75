import type { Condition } from '../../processor/ruleset/compile/ruleset.ts';
import type { SourceSpan } from '../../processor/ruleset/diagnostics.ts';
import { costExponent } from '../../processor/ruleset/matcher/pcre/cost.ts';
import { parsePcre } from '../../processor/ruleset/matcher/pcre/parse.ts';
import { type Matcher, MatchLimitError, PatternError } from '../../processor/ruleset/matcher/types.ts';
import type { CompiledContext } from './context.ts';

/** A time that grows with this power of the length, or more, is reported. */
const TOO_STEEP = 6;

interface Use {
  readonly owner: string;
  readonly element: string;
  readonly matcher: Matcher;
  readonly span: SourceSpan;
  readonly negate: boolean;
  /** It looks at the whole log, so that matching anything is no test at all. */
  readonly onLog: boolean;
}

/** Patterns that take for ever, match everything, or are written in another language than they are read in. */
export function checkPatterns(context: CompiledContext): void {
  for (const use of [...rulePatterns(context), ...decoderPatterns(context)]) {
    checkCost(use, context);
    checkLanguage(use, context);
    checkMatchesAll(use, context);
    checkNegation(use, context);
  }
}

function* rulePatterns({ compiled }: CompiledContext): Iterable<Use> {
  for (const rule of compiled) {
    const owner = `rule ${rule.id}`;
    for (const condition of rule.conditions) {
      const element = elementOf(condition);
      if ((condition.kind !== 'text' && condition.kind !== 'field') || element === undefined) continue;
      const { matcher, span, negate } = condition;
      yield { owner, element, matcher, span, negate, onLog: condition.kind === 'text' && condition.source === 'log' };
    }
  }
}

function elementOf(condition: Condition): string | undefined {
  if (condition.kind === 'text') return condition.element;
  return condition.kind === 'field' ? 'field' : undefined;
}

function* decoderPatterns({ allDecoders }: CompiledContext): Iterable<Use> {
  for (const { ownName, programName, prematch, regex, span } of allDecoders) {
    const uses: [string, Matcher | undefined][] = [
      ['program_name', programName],
      ['prematch', prematch?.search],
      ['regex', regex?.search],
    ];
    for (const [element, matcher] of uses) {
      if (matcher)
        yield { owner: `decoder ${ownName}`, element, matcher, span, negate: false, onLog: element === 'prematch' };
    }
  }
}

function checkCost({ owner, element, matcher, span }: Use, { ruleset, report }: CompiledContext): void {
  if (matcher.language !== 'pcre2') return;
  let exponent: number;
  try {
    exponent = costExponent(parsePcre(matcher.pattern, { caseless: ruleset.dialect === 'ossec', utf: false }).root);
  } catch (error) {
    if (error instanceof PatternError) return;
    throw error;
  }
  if (exponent < TOO_STEEP) return;
  const growth = exponent === Number.POSITIVE_INFINITY ? 'exponentially' : `with the power ${exponent} of the length`;
  report(
    exponent === Number.POSITIVE_INFINITY ? 'warning' : 'info',
    'pattern-explodes',
    `${owner}: the time that <${element}> takes may grow ${growth} on a log made for it: ${shorten(matcher.pattern)}`,
    span,
    'Avoid repeats in repeats such as (a+)+ and neighbours that match the same such as .*.*; anchor it with ^. A match is given up after a bounded number of steps, and does not count.',
  );
}

/** Signs of another language than the one it is read in. */
const FOREIGN: Readonly<Record<string, RegExp>> = {
  // A plain text with ^, $ and |: nothing is escaped and nothing repeats.
  osmatch: /\\[dwsDWS][+*]?(?![\w\\])|\\\.[*+]?|\.\*|\.\+|\\\(|\\\||\(\?|\[[^\]]*[a-z0-9]-[a-z0-9][^\]]*\][*+]/i,
  // Only \d \w \s \p \t \S \D \W \. are special, + and * behind them.
  osregex: /(?<!\\)\.[*+]|(?<!\\)\[[^\]]*(?:a-z|A-Z|0-9)[^\]]*\]|\\[dws]\{\d|\(\?[:!=i]|\\[bBAzZ]/,
};

function checkLanguage({ owner, element, matcher, span }: Use, { report }: CompiledContext): void {
  const sign = FOREIGN[matcher.language]?.exec(matcher.pattern)?.[0];
  if (sign === undefined) return;
  const message =
    matcher.language === 'osmatch'
      ? `${owner}: <${element}> is read as a plain text, in which ${shorten(sign)} stands for itself`
      : `${owner}: in <${element}> ${shorten(sign)} is not what it looks like, since this is no regular expression but OS_Regex`;
  report(
    'warning',
    'pattern-wrong-language',
    message,
    span,
    'Add type="pcre2" to have it read as a regular expression.',
  );
}

/** Texts that a pattern which tells anything apart does not match all. */
const PROBES = ['', '\x01', 'zq~#', 'Lorem 7 ipsum; dolor=sit [amet]'];

function checkMatchesAll({ owner, element, matcher, span, negate, onLog }: Use, { report }: CompiledContext): void {
  if (!onLog && !matcher.pattern.includes('|')) return;
  let all: boolean;
  try {
    all = PROBES.every((probe) => matcher.test(probe));
  } catch (error) {
    if (error instanceof MatchLimitError) return;
    throw error;
  }
  if (!all) return;
  const empty = /^\||\|\||\|$/.test(matcher.pattern) ? 'its empty alternative' : 'it';
  report(
    'warning',
    'pattern-matches-all',
    `${owner}: ${empty} matches every text, so that <${element}> ${negate ? 'never holds' : 'tests nothing'}: ${shorten(matcher.pattern)}`,
    span,
    'Remove the | at its beginning or end, or the whole element.',
  );
}

/** A leading ! negates in one dialect alone. */
function checkNegation({ owner, element, matcher, span }: Use, { ruleset, report }: CompiledContext): void {
  if (ruleset.dialect !== 'ossec' || matcher.language !== 'osmatch' || !matcher.pattern.startsWith('!')) return;
  report(
    'warning',
    'dialect-osmatch-negation',
    `${owner}: the ! of <${element}> is a plain character in OSSEC; only Wazuh negates with it`,
    span,
    'Write a rule of level 0 for what is to be left out, and put it before.',
  );
}

function shorten(pattern: string): string {
  return pattern.length > 60 ? `${pattern.slice(0, 60)}...` : pattern;
}
