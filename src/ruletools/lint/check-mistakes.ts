import { STATIC_FIELDS } from '../../processor/ruleset/compile/ruleset.ts';
import type { RuleAst } from '../../processor/ruleset/parse/ast.ts';
import type { LintContext } from './context.ts';

/** Originals that have these as fields of their own. */
const STATIC: ReadonlySet<string> = new Set<string>([...STATIC_FIELDS, 'user']);

/** What loads without a word, but does not do what it looks like. */
export function checkMistakes(context: LintContext): void {
  const { rules, source, report } = context;
  const isWazuh = source.dialect === 'wazuh';
  for (const rule of rules) {
    const id = rule.attributes?.id;
    const kinds = new Set(rule.elements.map(({ statement }) => statement.kind));
    if (rule.attributes && rule.attributes.maxsize > 0) {
      report(
        'info',
        'rule-maxsize-is-minimum',
        `rule ${id}: maxsize="${rule.attributes.maxsize}" asks for logs of that many bytes or more, whatever its name says`,
        rule.span,
        'That is how the original has it; there is no way to ask for short logs but a pattern.',
      );
    }
    if (rule.elements.filter(({ statement }) => statement.kind === 'list').length > 2) {
      report(
        'info',
        'rule-lists-lost',
        `rule ${id}: the original looks up only the last two of its lists; here all of them, unless strict`,
        rule.span,
        'Chain two rules with if_sid to have the same in both.',
      );
    }
    for (const { statement, name, span } of rule.elements) {
      switch (statement.kind) {
        case 'if_group':
        case 'if_level':
          if (!kinds.has('if_sid')) break;
          report(
            'warning',
            'rule-if-group-ignored',
            `rule ${id}: <${name}> counts for nothing beside <if_sid>`,
            span,
            'Remove one of them.',
          );
          break;
        case 'same_field':
        case 'different_field':
          if (!STATIC.has(statement.field)) break;
          report(
            'warning',
            'rule-same-field-static',
            `rule ${id}: <${name}> looks at dynamic fields alone, and "${statement.field}" is none`,
            span,
            `Write <${statement.kind === 'same_field' ? 'same' : 'different'}_${statement.field} />.`,
          );
          break;
        case 'address':
          if (!isWazuh || !statement.text.trimStart().startsWith('!')) break;
          report(
            'warning',
            'dialect-address-negation',
            `rule ${id}: the ! of <${name}> counts for nothing in Wazuh: it matches ${statement.text.trim().slice(1, 60)} itself`,
            span,
            `Write <${name} negate="yes"> without the !.`,
          );
          break;
        case 'check_if_ignored':
          if (!isWazuh) break;
          report(
            'info',
            'dialect-check-if-ignored',
            `rule ${id}: <check_if_ignored> never finds anything in Wazuh (it works in OSSEC)`,
            span,
            'Use the attribute ignore, or a rule of level 0.',
          );
          break;
        case 'description':
          if (isWazuh || !/\$\([^)]+\)/.test(statement.text)) break;
          report(
            'info',
            'dialect-description-fields',
            `rule ${id}: OSSEC shows $(...) in a description as it is; only Wazuh puts the field there`,
            span,
            'Leave it out, or use the wazuh dialect.',
          );
          break;
        default:
      }
    }
  }
}

/** Lists that are loaded for nothing. */
export function checkLists({ rules, source, report }: LintContext): void {
  const used = new Set(rules.flatMap(listNames));
  for (const list of source.lists) {
    const name = list.name.replace(/\.cdb.*$/, '');
    if (used.has(name)) continue;
    report(
      'info',
      'list-unused',
      `list ${name} is loaded, but no rule looks anything up in it`,
      undefined,
      'Remove it, or check how rules spell its name.',
    );
  }
}

function listNames(rule: RuleAst): string[] {
  return rule.elements.flatMap(({ statement }) =>
    statement.kind === 'list' ? [statement.path.replace(/\.cdb.*$/, '')] : [],
  );
}
