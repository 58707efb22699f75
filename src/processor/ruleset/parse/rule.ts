import type { Diagnostic } from '../diagnostics.ts';
import type { Dialect, RuleAst, RuleElement, RuleFileAst, SourceFile, XmlElement } from './ast.ts';
import { findNearest } from './nearest.ts';
import { parseRuleAttributes } from './rule-attributes.ts';
import { elementNames, findElementRole } from './rule-elements.ts';
import { type ParseLimits, parseStatement } from './rule-statements.ts';
import { parseXml } from './xml.ts';

/**
 * Reads a rule file. Complaints about the file and its groups go to `diagnostics`; those about a rule are kept with it, since
 * the originals look no further into a rule that they skip.
 */
export function parseRuleFile(
  file: SourceFile,
  dialect: Dialect,
  limits: ParseLimits,
  diagnostics: Diagnostic[],
): RuleFileAst | undefined {
  const roots = parseXml(file, dialect, diagnostics);
  if (roots === undefined) return undefined;
  const rules: RuleAst[] = [];
  if (roots.length === 0) {
    // A file of no bytes is fine for Wazuh; one of comments only is not, for nobody.
    if (dialect === 'ossec' || file.content.length > 0) {
      diagnostics.push({
        severity: 'fatal',
        code: 'rule-file-empty',
        message: 'rule file holds no <group>',
        help: 'Remove the file, or put a group with a rule into it.',
        span: { file: file.path, line: 1, column: 1, offset: 0 },
      });
    }
    return { file, rules };
  }
  for (const root of roots) parseGroup(root, file, dialect, limits, rules, diagnostics);
  return { file, rules };
}

function parseGroup(
  root: XmlElement,
  file: SourceFile,
  dialect: Dialect,
  limits: ParseLimits,
  rules: RuleAst[],
  diagnostics: Diagnostic[],
): void {
  const fatal = (code: string, message: string, help: string, span = root.span) =>
    diagnostics.push({ severity: 'fatal', code, message, help, span });
  if (root.name.toLowerCase() !== 'group') {
    const help =
      root.name.toLowerCase() === 'rule'
        ? 'Put <rule> inside of <group name="...,">.'
        : 'A rule file holds only <group name="...,"> and <var name="..."> elements.';
    fatal('rule-outside-group', `<${root.name}> at the top of a rule file`, help);
    return;
  }
  const [name, extra] = root.attributes;
  if (name === undefined || name.name.toLowerCase() !== 'name' || extra !== undefined) {
    fatal('group-bad-attributes', '<group> must have one attribute, name', 'Write <group name="first,second,">.');
    return;
  }
  if (root.children.length === 0) {
    fatal('group-without-rules', `group "${name.value}" holds no rule`, 'Remove the group, or put a rule into it.');
    return;
  }
  for (const element of root.children) {
    if (element.name.toLowerCase() !== 'rule') {
      const help =
        element.name.toLowerCase() === 'group'
          ? 'Groups do not nest; close the first one.'
          : 'A group holds only <rule> elements.';
      fatal('group-unknown-element', `<${element.name}> inside of <group>`, help, element.span);
      continue;
    }
    rules.push(parseRule(element, name.value, file, dialect, limits));
  }
}

function parseRule(
  element: XmlElement,
  groupName: string,
  file: SourceFile,
  dialect: Dialect,
  limits: ParseLimits,
): RuleAst {
  const problems: Diagnostic[] = [];
  const attributes = parseRuleAttributes(element, dialect, problems);
  const elements: RuleElement[] = element.children.map((child) => parseElement(child, dialect, limits));
  return { attributes, groupName, elements, problems, file, span: element.span };
}

function parseElement(element: XmlElement, dialect: Dialect, limits: ParseLimits): RuleElement {
  const { name, span } = element;
  const role = findElementRole(name, dialect);
  const problems: Diagnostic[] = [];
  if (role === undefined) {
    problems.push({
      severity: 'fatal',
      code: 'rule-unknown-element',
      message: `<${name}> is no element of a rule`,
      help: explainUnknown(name, dialect),
      span,
    });
    return { name, statement: { kind: 'invalid' }, problems, span };
  }
  const statement = parseStatement(role, element, dialect, limits, problems);
  return { name, statement, problems, span };
}

/** What people write instead, seen in public rules; the rest is guessed from the spelling. */
const OFTEN_MEANT: Record<string, string> = {
  frequency: 'frequency is an attribute of <rule>.',
  timeframe: 'timeframe is an attribute of <rule>.',
  level: 'level is an attribute of <rule>.',
  maxsize: 'maxsize is an attribute of <rule>.',
  noalert: 'noalert is an attribute of <rule>.',
  overwrite: 'overwrite is an attribute of <rule>.',
  tactic: 'Write <mitre><id>T1110</id></mitre>; tactics follow from the technique.',
  technique: 'Write <mitre><id>T1110</id></mitre>.',
  tacticid: 'tacticID belongs inside of <mitre>, together with techniqueID.',
  techniqueid: 'techniqueID belongs inside of <mitre>, together with tacticID.',
  pci_dss: 'Compliance tags are groups: <group>pci_dss_10.2.4,</group>.',
  gdpr: 'Compliance tags are groups: <group>gdpr_IV_35.7.d,</group>.',
  if_same_source: 'Write <same_source_ip />.',
  different_source_ip: 'Write <different_srcip />.',
  not_same_srcip: 'Write <different_srcip />.',
  if_matched_rule: 'Write <if_matched_sid>.',
  rule: 'Rules do not nest; close the first <rule>.',
  srcuser: 'There is no condition on srcuser; <user> tests dstuser, else srcuser.',
  dstuser: 'Write <user>: it tests dstuser, else srcuser.',
};

function explainUnknown(name: string, dialect: Dialect): string {
  const lower = name.toLowerCase();
  const meant = Object.hasOwn(OFTEN_MEANT, lower) ? OFTEN_MEANT[lower] : undefined;
  if (meant !== undefined) return meant;
  if (dialect === 'wazuh' && (lower === 'pcre2' || lower.endsWith('_pcre2'))) {
    const plain = lower === 'pcre2' ? 'regex' : lower.slice(0, -'_pcre2'.length);
    return `That is OSSEC's form; write <${plain} type="pcre2">.`;
  }
  if (findElementRole(lower, dialect) !== undefined) return `This name is only known in small letters: <${lower}>.`;
  if (dialect === 'ossec' && findElementRole(lower, 'wazuh') !== undefined)
    return 'Wazuh knows this element, OSSEC does not.';
  const near = findNearest(lower, elementNames(dialect));
  return near === undefined ? 'Remove it; an unknown element stops the manager.' : `Did you mean <${near}>?`;
}
