import { printableLine, printableText } from '../../pdata/printable.ts';
import type { LogtestResult } from '../../processor/ruleset/evaluate/logtest-json.ts';
import type { Palette } from '../paint.ts';

/** A result for people: what was found in each of the three phases. Nothing in a log acts on the terminal. */
export function formatPlain(result: LogtestResult, paint: Palette): string {
  if (result.error !== undefined) return '\nrejected: the location has no valid form\n';
  const lines = ['', `log: ${printableText(result.full_log ?? '')}`, '', paint.strong('1. pre-decoding')];
  lines.push(...fields(result.predecoder ?? {}, 'nothing recognised'));
  lines.push(paint.strong('2. decoding'));
  const { decoder } = result;
  if (decoder === undefined) lines.push('     no decoder matches');
  else {
    const parent = decoder.parent === undefined ? '' : ` (parent: ${printableLine(decoder.parent)})`;
    lines.push(`     decoder: ${printableLine(decoder.name)}${parent}`, ...fields(result.data ?? {}));
  }
  lines.push(paint.strong('3. rules'));
  const { rule } = result;
  if (rule === undefined) lines.push('     no rule matches');
  else {
    lines.push(`     rule ${rule.id}, level ${rule.level}: ${printableLine(rule.description)}`);
    lines.push(`     groups: ${rule.groups.map(printableLine).join(', ')}`, `     fired: ${rule.firedtimes}`);
    if (rule.mitre) lines.push(`     mitre: ${rule.mitre.map(printableLine).join(', ')}`);
    lines.push(result.alert ? `   => ${paint.bad('alert')}` : `   => ${paint.dim('no alert')}`);
  }
  return `${lines.join('\n')}\n`;
}

function fields(values: Readonly<Record<string, string | undefined>>, none?: string): string[] {
  const lines = Object.entries(values).map(
    ([name, value]) => `     ${printableLine(name)}: '${printableLine(value ?? '')}'`,
  );
  return lines.length === 0 && none !== undefined ? [`     ${none}`] : lines;
}
