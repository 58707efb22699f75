import type { AlertRule } from '../../../pdata/alert.ts';
import type { AnyValue, Attributes } from '../../../pdata/any-value.ts';

/**
 * Attributes that all alerts of a rule share, in the order in which they stand: those of the rule itself, its level and
 * groups, and what stands behind the fired count. Lists in them are shared, too, and frozen.
 */
export interface RuleAttributes {
  readonly head: readonly Attribute[];
  readonly groups: readonly Attribute[];
  readonly tail: readonly Attribute[];
}

type Attribute = readonly [name: string, value: AnyValue];

/** By the list of groups, which alerts of one rule share; holds for a rule that is the same in all that goes in. */
const KNOWN = new WeakMap<readonly string[], { readonly rule: AlertRule; readonly attributes: RuleAttributes }>();

export function ruleAttributesOf(rule: AlertRule): RuleAttributes {
  const known = KNOWN.get(rule.groups);
  if (known && isSame(known.rule, rule)) return known.attributes;
  const attributes = makeAttributes(rule);
  KNOWN.set(rule.groups, { rule, attributes });
  return attributes;
}

export function addAll(attributes: Attributes, added: readonly Attribute[]): void {
  for (let index = 0; index < added.length; index++) {
    const attribute = added[index]!;
    attributes.set(attribute[0], attribute[1]);
  }
}

function isSame(one: AlertRule, other: AlertRule): boolean {
  return (
    one.id === other.id &&
    one.level === other.level &&
    one.rawDescription === other.rawDescription &&
    one.file === other.file &&
    one.info === other.info &&
    one.mitre === other.mitre &&
    one.compliance === other.compliance
  );
}

function makeAttributes(rule: AlertRule): RuleAttributes {
  const head: Attribute[] = [];
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined && value !== '') head.push([name, value]);
  };
  set('security_rule.uuid', rule.id);
  set('security_rule.name', rule.rawDescription);
  set('security_rule.description', rule.rawDescription);
  set('security_rule.category', rule.groups.at(-1));
  set('security_rule.ruleset.name', rule.file);
  set('security_rule.reference', /^https?:\/\//.test(rule.info ?? '') ? rule.info : undefined);
  const tail: Attribute[] = [];
  if (rule.mitre) {
    tail.push(...listAttributes('hids.rule.mitre.id', rule.mitre.id));
    tail.push(...listAttributes('hids.rule.mitre.tactic', rule.mitre.tactic));
    tail.push(...listAttributes('hids.rule.mitre.technique', rule.mitre.technique));
  }
  for (const [standard, tags] of rule.compliance) tail.push([`hids.rule.compliance.${standard}`, frozen(tags)]);
  const groups: Attribute[] = [['hids.rule.level', rule.level], ...listAttributes('hids.rule.groups', rule.groups)];
  return { head, groups, tail };
}

/** A list as it is, and as text between commas: Loki turns arrays into JSON strings. */
function listAttributes(name: string, values: readonly string[]): Attribute[] {
  if (values.length === 0) return [];
  return [
    [name, frozen(values)],
    [`${name}_text`, `,${values.join(',')},`],
  ];
}

function frozen(values: readonly string[]): AnyValue[] {
  const copy = [...values];
  Object.freeze(copy);
  return copy;
}
