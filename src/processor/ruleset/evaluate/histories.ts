import type { Rule } from '../compile/ruleset.ts';

/** The history a rule's search reads; undefined for one over all recent events, or none. */
export function listKeyOf(rule: Rule): string | undefined {
  const over = rule.correlation?.over;
  if (over?.kind === 'sid') return `s:${over.sid}`;
  return over?.kind === 'group' ? `g:${rule.id}` : undefined;
}

/** The histories that final events of a rule go into: its own, or those of the group rules it feeds, never both. */
export function listsOf(rule: Rule): readonly string[] {
  if (rule.keepsHistory) return [`s:${rule.id}`];
  return rule.feeds.map((fed) => `g:${fed.id}`);
}
