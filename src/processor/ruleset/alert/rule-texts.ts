import { basename } from 'node:path';
import type { AlertRule } from '../../../pdata/alert.ts';
import { bytesToText } from '../bytes.ts';
import type { Rule } from '../compile/ruleset.ts';

/** What all alerts of a rule say about it: not what the event decides. */
export type RuleTexts = Readonly<Omit<AlertRule, 'description' | 'firedtimes'>>;

const TEXTS = new WeakMap<Rule, RuleTexts>();

/** Made once for each rule, and shared by its alerts. */
export function textsOf(rule: Rule): RuleTexts {
  let texts = TEXTS.get(rule);
  if (!texts) {
    texts = describeRule(rule);
    TEXTS.set(rule, texts);
  }
  return texts;
}

function describeRule(rule: Rule): RuleTexts {
  return {
    id: rule.id,
    level: rule.level,
    rawDescription: bytesToText(rule.description.raw),
    groupText: bytesToText(rule.groupText),
    groups: rule.groups.map(bytesToText),
    compliance: rule.compliance,
    mitre: rule.mitre,
    frequency: rule.correlation?.frequency,
    mail: rule.options.mail,
    cve: rule.cve === undefined ? undefined : bytesToText(rule.cve),
    info: rule.info === undefined ? undefined : bytesToText(rule.info),
    file: basename(rule.span.file),
    noFullLog: rule.options.noFullLog,
  };
}
