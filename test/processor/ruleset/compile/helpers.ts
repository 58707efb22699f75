import {
  type CompileResult,
  compileRuleset,
  type RulesetSource,
} from '../../../../src/processor/ruleset/compile/compile.ts';
import type { Condition, Rule, Ruleset } from '../../../../src/processor/ruleset/compile/ruleset.ts';

const CATEGORIES = ['syslog', 'firewall', 'ids', 'web-log', 'squid', 'windows', 'ossec'];

/** The root rules that every ruleset starts with. */
export const TEMPLATES = `<group name="templates,">${CATEGORIES.map(
  (category, index) =>
    `<rule id="${index + 1}" level="0" noalert="1"><category>${category}</category><description>all ${category}</description></rule>`,
).join('\n')}</group>`;

const DECODERS = `<decoder name="none"><prematch>^NONE</prematch></decoder>
<decoder name="app"><program_name>^app$</program_name></decoder>`;

export interface Texts {
  rules?: string;
  decoders?: string;
  /** Name to text. */
  lists?: Readonly<Record<string, string>>;
  dialect?: RulesetSource['dialect'];
  compat?: RulesetSource['compat'];
  settings?: RulesetSource['settings'];
}

/** Compiles rules below the templates; `rules` holds whole groups. */
export function compile({
  rules = '',
  decoders = DECODERS,
  lists = {},
  dialect = 'wazuh',
  compat = 'default',
  settings = {},
}: Texts): CompileResult {
  return compileRuleset({
    dialect,
    compat,
    decoders: [{ path: 'decoders/a.xml', name: 'a.xml', content: decoders }],
    rules: [
      { path: 'rules/0-templates.xml', name: '0-templates.xml', content: TEMPLATES },
      ...(rules === '' ? [] : [{ path: 'rules/a.xml', name: 'a.xml', content: rules }]),
    ],
    lists: Object.entries(lists).map(([name, content]) => ({ name, path: name, content })),
    settings,
  });
}

/** The ruleset; fails with the diagnostics where there is none. */
export function rulesetOf(texts: Texts): Ruleset {
  const { ruleset, diagnostics } = compile(texts);
  if (ruleset === undefined) throw new Error(JSON.stringify(diagnostics, undefined, 1));
  return ruleset;
}

export function ruleOf(ruleset: Ruleset, id: number): Rule {
  const rule = ruleset.rules.get(String(id));
  if (rule === undefined) throw new Error(`no rule ${id}`);
  return rule;
}

/** `100[101 102[103]]`, siblings in the order they are tried. */
export function showTree(rule: Rule): string {
  const below = rule.children.map(showTree).join(' ');
  return below === '' ? rule.id : `${rule.id}[${below}]`;
}

/** Severity and code of each diagnostic, those of no account left out. */
export function codesOf(result: CompileResult): string[] {
  return result.diagnostics
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, code }) => `${severity} ${code}`);
}

export function conditionKinds(rule: Rule): string[] {
  return rule.conditions.map((condition: Condition) => ('element' in condition ? condition.element : condition.kind));
}

/** One group of rules, each `[attributes, elements]`; a description is added. */
export function group(name: string, ...rules: readonly (readonly [attributes: string, elements?: string])[]): string {
  const texts = rules.map(
    ([attributes, elements = '']) => `<rule ${attributes}>${elements}<description>d</description></rule>`,
  );
  return `<group name="${name}">\n${texts.join('\n')}\n</group>`;
}
