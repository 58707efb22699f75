import type { Diagnostic } from '../../processor/ruleset/diagnostics.ts';

/** Names that people write, and what they should have written (third-party rules show which these are). */
const MEANT: Readonly<Record<string, string>> = {
  if_same_source: '<same_srcip />',
  if_same_id: '<same_id />',
  same_source: '<same_srcip />',
  different_source_ip: '<different_srcip />',
  not_same_srcip: '<different_srcip />',
  if_matched_rule: '<if_matched_sid>',
  if_matched_sids: '<if_matched_sid>, with one id',
  if_sids: '<if_sid>',
  frequency: 'the attribute frequency="..." of <rule>',
  timeframe: 'the attribute timeframe="..." of <rule>',
  ignore_time: 'the attribute ignore="..." of <rule>',
  level: 'the attribute level="..." of <rule>',
  tactic: '<mitre><id>T1110</id></mitre>; tactic and technique follow from the id',
  technique: '<mitre><id>T1110</id></mitre>; tactic and technique follow from the id',
  mitre_id: '<mitre><id>T1110</id></mitre>',
  pci_dss: '<group>pci_dss_10.2.4,</group>',
  gdpr: '<group>gdpr_IV_35.7.d,</group>',
  hipaa: '<group>hipaa_164.312.b,</group>',
  nist_800_53: '<group>nist_800_53_AU.14,</group>',
  tsc: '<group>tsc_CC6.1,</group>',
  groups: '<group>',
  parent: '<if_sid>; parents of rules are named by id',
  decoder: '<decoded_as>',
  severity: 'the attribute level="..." of <rule>',
  comment: '<description> or <!-- a comment -->',
  override: 'overwrite="yes"',
  case_sensitive: 'type="pcre2", which respects case (and (?i) where it should not)',
};

/** A finding of the loader with help for what people most often mean. */
export function explainDiagnostic(diagnostic: Diagnostic): Diagnostic {
  const { code, message } = diagnostic;
  if (code !== 'rule-unknown-element' && code !== 'rule-unknown-attribute') return diagnostic;
  const word = /[<"]([A-Za-z_0-9]+)[>"]/.exec(message)?.[1]?.toLowerCase() ?? '';
  if (word.endsWith('_pcre2') || word === 'pcre2') {
    const plain = word === 'pcre2' ? 'regex' : word.slice(0, -'_pcre2'.length);
    return { ...diagnostic, help: `That is a word of OSSEC; in Wazuh write <${plain} type="pcre2">.` };
  }
  const meant = Object.hasOwn(MEANT, word) ? MEANT[word] : undefined;
  return meant === undefined ? diagnostic : { ...diagnostic, help: `Write ${meant}.` };
}
