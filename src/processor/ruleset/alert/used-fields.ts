import type { Condition, DescriptionTemplate, Rule, Ruleset } from '../compile/ruleset.ts';

/**
 * Names of the decoded fields that a rule or any rule above it reads, by rule id: when an alert has more fields than a
 * backend takes, these stay. Parents load before their children, so one pass in load order is enough.
 */
export function collectUsedFields(ruleset: Ruleset): ReadonlyMap<string, ReadonlySet<string>> {
  const used = new Map<string, Set<string>>();
  for (const rule of ruleset.rules.values()) {
    const own = used.get(rule.id) ?? new Set<string>();
    used.set(rule.id, own);
    for (const name of fieldsOf(rule)) own.add(name);
    for (const child of rule.children) {
      const inherited = used.get(child.id) ?? new Set<string>();
      used.set(child.id, inherited);
      for (const name of own) inherited.add(name);
    }
  }
  return used;
}

function fieldsOf(rule: Rule): string[] {
  const names = rule.conditions.flatMap(fieldsOfCondition);
  names.push(...fieldsOfTemplate(rule.description));
  if (rule.correlation) {
    const { same, different, sameFields, differentFields } = rule.correlation;
    names.push(...same, ...different, ...sameFields, ...differentFields);
  }
  return names;
}

function fieldsOfCondition(condition: Condition): string[] {
  switch (condition.kind) {
    case 'field':
    case 'list':
      return [condition.field.name];
    case 'address':
      return [condition.element];
    case 'text':
      return condition.source === 'user' ? ['srcuser', 'dstuser'] : [condition.source];
    default:
      return [];
  }
}

function fieldsOfTemplate(template: DescriptionTemplate): string[] {
  return (template.parts ?? []).flatMap((part) => ('field' in part ? [part.field.name] : []));
}
