import { printableLine } from '../../pdata/printable.ts';
import type { Ruleset } from '../../processor/ruleset/compile/ruleset.ts';
import type { ComparisonResult } from './comparison.ts';
import { EXCUSED, type Group, REASONS } from './difference.ts';

export interface ComparePaint {
  bad(text: string): string;
  good(text: string): string;
  dim(text: string): string;
}

const MAX_LOG = 160;

/** Summary table, then every kind of difference with its explanation and first examples. */
export function formatComparison(result: ComparisonResult, ruleset: Ruleset, paint: ComparePaint): string {
  const { events, replayed, alerts, unreadable, problems } = result;
  const lines = [`${events} events, ${replayed} replayed; ${alerts} alerts recorded`];
  if (unreadable > 0)
    lines.push(
      paint.bad(`${unreadable} lines could not be read:`),
      ...problems.map((text) => `  ${printableLine(text)}`),
    );
  lines.push('', ...table(result, ruleset));
  const groups = sortGroups(result.groups);
  if (groups.length > 0) lines.push('', 'Differences');
  for (const group of groups) lines.push(...formatGroup(group, paint));
  lines.push('', conclude(result, paint));
  return `${lines.join('\n')}\n`;
}

/** The same for programs. */
export function comparisonToJson(result: ComparisonResult): Record<string, unknown> {
  const { events, replayed, alerts, unreadable, problems, isSame } = result;
  const rules = [...result.rules].sort(byId).map(([id, tally]) => ({ id, ...tally }));
  const differences = sortGroups(result.groups).map(({ ruleId, kind, code, count, examples }) => ({
    rule: ruleId,
    kind,
    code,
    explanation: REASONS[code],
    excused: EXCUSED.has(code),
    count,
    examples: examples.map(({ place, detail, log }) => ({ place, detail, log })),
  }));
  return { same: isSame, events, replayed, alerts, unreadable, problems, rules, differences };
}

function table({ rules }: ComparisonResult, ruleset: Ruleset): string[] {
  const rows = [...rules]
    .sort(byId)
    .map(([id, { recorded, ours, same, missing, extra }]) => [
      id,
      ...[recorded, ours, same, missing, extra].map(String),
      printableLine(ruleset.rules.get(id)?.description.raw ?? '(not in this ruleset)').slice(0, 60),
    ]);
  const all = [['rule', 'recorded', 'here', 'same', 'missing', 'extra', 'description'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row
      .map((cell, column) =>
        column === 6 ? cell : column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}

function byId([a]: [string, unknown], [b]: [string, unknown]): number {
  return Number(a) - Number(b);
}

/** What needs a look first; then by how often. */
function sortGroups(groups: readonly Group[]): Group[] {
  const rank = ({ code }: Group) => (EXCUSED.has(code) ? 1 : 0);
  return [...groups].sort((a, b) => rank(a) - rank(b) || b.count - a.count || Number(a.ruleId) - Number(b.ruleId));
}

function formatGroup({ ruleId, kind, code, count, examples }: Group, paint: ComparePaint): string[] {
  const head = `rule ${ruleId}: ${count} ${kind}: ${REASONS[code]} [${code}]`;
  const lines = [EXCUSED.has(code) ? `  ${paint.dim(head)}` : `  ${paint.bad(head)}`];
  for (const { place, detail, log } of examples) {
    lines.push(`    ${place}${detail === undefined ? '' : `: ${printableLine(detail)}`}`);
    if (log !== undefined) lines.push(paint.dim(`      ${printableLine(log).slice(0, MAX_LOG)}`));
  }
  return lines;
}

function conclude({ rules, isSame, groups }: ComparisonResult, paint: ComparePaint): string {
  const sum = (key: 'same' | 'missing' | 'extra') =>
    [...rules.values()].reduce((total, tally) => total + tally[key], 0);
  const counts = `${sum('same')} same, ${sum('missing')} missing, ${sum('extra')} extra`;
  if (groups.length === 0) return paint.good(`equal: ${counts}`);
  if (isSame) return paint.good(`equal but for what the recording does not hold: ${counts}`);
  return paint.bad(`different: ${counts}`);
}
