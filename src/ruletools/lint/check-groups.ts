import type { Rule } from '../../processor/ruleset/compile/ruleset.ts';
import { compileWordMatch } from '../../processor/ruleset/compile/word-match.ts';
import type { RuleAst } from '../../processor/ruleset/parse/ast.ts';
import { foldAscii } from '../../processor/ruleset/parse/words.ts';
import { type CompiledContext, type LintContext, placeOf } from './context.ts';

/** Group names that run into each other, and groups that find their own rule. */
export function checkGroupTexts({ rules, report }: LintContext): void {
  const reported = new Set<string>();
  for (const rule of rules) {
    const pieces = [rule.groupName, ...textsOf(rule, 'group')];
    const id = rule.attributes?.id;
    for (let index = 0; index + 1 < pieces.length; index++) {
      const left = pieces[index]!.replaceAll('\n', '').trimEnd();
      const right = pieces[index + 1]!.replaceAll('\n', '').trim();
      if (left === '' || right === '' || left.endsWith(',') || right.startsWith(',')) continue;
      const word = `${left.split(',').at(-1)}${right.split(',')[0]}`;
      const key = index === 0 ? `${rule.file.path} ${left}` : `${id}`;
      if (reported.has(key)) continue;
      reported.add(key);
      report(
        'warning',
        'group-missing-comma',
        `rule ${id}: groups run into each other as "${word.slice(0, 60)}", for want of a comma behind "${left.slice(-30)}"`,
        rule.span,
        index === 0 ? 'End the name of the <group> around it with a comma.' : 'End every <group> with a comma.',
      );
    }
    const ifGroup = textsOf(rule, 'if_group').join('');
    if (ifGroup === '' || textsOf(rule, 'if_sid').length > 0) continue;
    if (compileWordMatch(ifGroup)(foldAscii(pieces.join('').replaceAll('\n', '')))) {
      report(
        'warning',
        'rule-group-matches-itself',
        `rule ${id}: its own groups fit its if_group "${ifGroup.slice(0, 60)}", so that rules of this kind hang below each other and the tree doubles with each`,
        rule.span,
        'Give it another group; if_group looks for the word anywhere in the group text (web finds web-log, too).',
      );
    }
  }
}

function textsOf(rule: RuleAst, kind: 'group' | 'if_group' | 'if_sid'): string[] {
  return rule.elements.flatMap(({ statement }) =>
    statement.kind === kind && 'text' in statement ? [statement.text] : [],
  );
}

/** Correlation that can never come about. */
export function checkCorrelation({ ruleset, compiled, report }: CompiledContext): void {
  const fed = new Set<Rule>();
  for (const rule of compiled) {
    // Only what becomes a result of its own counts; the counting rule itself does not begin the count.
    if (rule.level > 0) for (const listener of rule.feeds) if (listener !== rule) fed.add(listener);
  }
  for (const rule of compiled) {
    const over = rule.correlation?.over;
    if (over?.kind === 'group' && !fed.has(rule)) {
      report(
        'warning',
        'rule-matched-group-empty',
        `rule ${rule.id} can never match: if_matched_group finds no rule that could be counted`,
        rule.span,
        'Rules are found that load before it and have a level above 0; those that some if_matched_sid names count for that alone.',
      );
    }
    const target = over?.kind === 'sid' ? ruleset.rules.get(over.sid) : undefined;
    if (target && (target.level === 0 || target.noalert)) {
      report(
        'warning',
        'rule-matched-sid-silent',
        `rule ${rule.id} can never match: rule ${target.id} (${placeOf(target.span)}), which it counts, ${target.noalert ? 'is noalert' : 'has level 0'}, and such events are not remembered`,
        rule.span,
        'Count a rule with a level of 1 or more.',
      );
    }
  }
}
