import type { Rule } from '../../processor/ruleset/compile/ruleset.ts';
import { type CompiledContext, conditionKey, placeOf } from './context.ts';

/** Comparisons in all: rules of hostile size must not take hours. */
const MAX_COMPARISONS = 20_000_000;

/**
 * Rules that can never be the result, since under each of their parents a sibling before them holds whenever they do:
 * the first that holds wins, level 0 before all others, then from the highest level down.
 */
export function checkShadowed({ ruleset, compiled, parents, report }: CompiledContext): void {
  const keys = new Map<Rule, ReadonlySet<string>>();
  const keysOf = (rule: Rule): ReadonlySet<string> => {
    let own = keys.get(rule);
    if (!own) {
      own = new Set(rule.conditions.map((condition) => conditionKey(condition)).filter((key) => key !== undefined));
      keys.set(rule, own);
    }
    return own;
  };
  const shadowedBy = new Map<Rule, Map<Rule, Rule>>();
  let comparisons = 0;
  for (const parent of [...ruleset.roots, ...compiled]) {
    // Shadowing siblings by one of their conditions, the rarest: only rules that have it can be shadowed by them.
    const frequency = new Map<string, number>();
    for (const child of parent.children) {
      for (const key of keysOf(child)) frequency.set(key, (frequency.get(key) ?? 0) + 1);
    }
    const bySign = new Map<string, Rule[]>();
    for (const child of parent.children) {
      const own = keysOf(child);
      const shadow = [...own, '']
        .flatMap((key) => bySign.get(key) ?? [])
        .find((sibling) => sibling !== child && ++comparisons < MAX_COMPARISONS && isSubset(keysOf(sibling), own));
      if (shadow) {
        const found = shadowedBy.get(child) ?? new Map<Rule, Rule>();
        found.set(parent, shadow);
        shadowedBy.set(child, found);
      }
      if (!alwaysWins(child)) continue;
      const sign = [...own].sort((a, b) => frequency.get(a)! - frequency.get(b)!)[0] ?? '';
      const there = bySign.get(sign);
      if (there) there.push(child);
      else bySign.set(sign, [child]);
    }
  }
  for (const [rule, shadows] of shadowedBy) {
    const above = parents.get(rule) ?? [];
    if (!above.every((parent) => shadows.has(parent))) continue;
    const [shadow] = shadows.values();
    report(
      'warning',
      'rule-shadowed',
      `rule ${rule.id} can never match: rule ${shadow!.id} (level ${shadow!.level}, ${placeOf(shadow!.span)}) is tried before and holds whenever it does`,
      rule.span,
      `Hang it below rule ${shadow!.id} with if_sid, or give rule ${shadow!.id} a condition that keeps it out.`,
    );
  }
}

/** Nothing but its conditions decides, and they remember nothing: when they hold, no later sibling is asked. */
function alwaysWins(rule: Rule): boolean {
  if (rule.noalert || rule.correlation) return false;
  return rule.conditions.every((condition) => conditionKey(condition) !== undefined);
}

function isSubset(small: ReadonlySet<string>, large: ReadonlySet<string>): boolean {
  if (small.size > large.size) return false;
  for (const key of small) if (!large.has(key)) return false;
  return true;
}

/** Rules right below a template that ask for nothing, or for a decoder that never brings them events. */
export function checkRoots({ ruleset, allDecoders, report }: CompiledContext): void {
  const types = new Map<number, Set<string>>();
  const uncertain = new Set<number>();
  const ownNames = new Set<string>();
  for (const decoder of allDecoders) {
    ownNames.add(decoder.ownName);
    if (decoder.plugin?.name === 'SonicWall_Decoder' || decoder.plugin?.name === 'OSSECAlert_Decoder')
      uncertain.add(decoder.id);
    // A child without prematch leaves the decision, and so the type, to its root; in OSSEC whatever matches decides.
    const decides = decoder.parent === undefined || decoder.prematch !== undefined || ruleset.dialect === 'ossec';
    if (!decides) continue;
    const known = types.get(decoder.id) ?? new Set();
    types.set(decoder.id, known.add(decoder.type));
  }
  for (const root of ruleset.roots) {
    for (const rule of root.children) {
      if (rule.conditions.length === 0 && rule.level > 0 && !rule.noalert && !rule.correlation) {
        report(
          'warning',
          'rule-matches-all',
          `rule ${rule.id} has no condition: every event of category ${root.category} that no rule before it takes is this alert`,
          rule.span,
          'Give it if_sid, decoded_as or match.',
        );
      }
      for (const condition of rule.conditions) {
        if (condition.kind !== 'decoded_as' || uncertain.has(condition.decoderId)) continue;
        const known = types.get(condition.decoderId);
        if (!known || known.has(root.category)) continue;
        report(
          'warning',
          'rule-category-mismatch',
          `rule ${rule.id} can never match: decoder ${condition.name} is of type ${[...known].join(', ')}, the rule of category ${root.category}`,
          condition.span,
          `Add <category>${[...known][0]}</category>, or hang it below a rule of that category with if_sid.`,
        );
      }
    }
  }
  for (const rule of ruleset.rules.values()) {
    for (const condition of rule.conditions) {
      if (condition.kind !== 'decoded_as' || types.has(condition.decoderId) || !ownNames.has(condition.name)) continue;
      report(
        'warning',
        'rule-decoder-never-decides',
        `rule ${rule.id} can never match: decoder ${condition.name} is a child, which goes by the name of its parent`,
        condition.span,
        'Name the parent in decoded_as; or give the child a prematch and <use_own_name>true</use_own_name>.',
      );
    }
  }
}
