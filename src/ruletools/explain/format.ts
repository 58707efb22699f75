import { printableLine } from '../../pdata/printable.ts';
import type { DecoderTry, DiffState, Explanation, RuleTry } from './recorder.ts';
import { formatWindow } from './window.ts';

/** How a terminal shows it; plain text takes `(text) => text` for all. */
export interface ExplainPaint {
  good(text: string): string;
  dim(text: string): string;
}

const MAX_TEXT = 80;
const MAX_IDS = 8;

/** An explanation for people. */
export function formatExplanation(explanation: Explanation, paint: ExplainPaint): string {
  const lines = ['decoders, in the order they were tried', ...formatDecoders(explanation.decoders, paint)];
  lines.push('rules, in the order they were tried', ...formatRules(explanation, paint));
  for (const pattern of explanation.gaveUp) {
    lines.push(`   given up after too many steps: ${shorten(pattern)}`);
  }
  return `${lines.join('\n')}\n`;
}

function formatDecoders(tries: readonly DecoderTry[], paint: ExplainPaint): string[] {
  if (tries.length === 0) return ['   none: no decoder takes such logs'];
  const lines: string[] = [];
  let refused: DecoderTry[] = [];
  const flush = () => {
    if (refused.length > 0) lines.push(paint.dim(`   - ${namesOf(refused)}`));
    refused = [];
  };
  for (const [index, item] of tries.entries()) {
    const indent = item.parent === undefined ? '   ' : '     ';
    const chosen = item.matched && item.step === 'program_name' && tries[index + 1]?.place === item.place;
    if (chosen) continue;
    if (!item.matched && item.parent === undefined) {
      if (refused[0] && refused[0].step !== item.step) flush();
      refused.push(item);
      continue;
    }
    flush();
    const text = `${printableLine(item.name)}: ${item.step} ${item.matched ? 'matches' : 'does not match'} (${item.place})`;
    lines.push(item.matched ? `${indent}+ ${paint.good(text)}` : `${indent}- ${paint.dim(text)}`);
  }
  flush();
  return lines;
}

function namesOf(refused: readonly DecoderTry[]): string {
  const [first] = refused;
  if (refused.length === 1) return `${printableLine(first!.name)}: ${first!.step} does not match (${first!.place})`;
  const names = refused.slice(0, MAX_IDS).map(({ name }) => printableLine(name));
  const more = refused.length > MAX_IDS ? ', ...' : '';
  return `${refused.length} decoders whose ${first!.step} does not match: ${names.join(', ')}${more}`;
}

function formatRules({ rules, path, silenced }: Explanation, paint: ExplainPaint): string[] {
  if (rules.length === 0) return ['   none: there is no root rule of this category'];
  const lines: string[] = [];
  let others: RuleTry[] = [];
  const flush = () => {
    if (others.length > 0) lines.push(`${indentOf(others[0]!)}- ${paint.dim(describeOthers(others))}`);
    others = [];
  };
  for (const item of rules) {
    const forOther = item.failed?.element === 'decoded_as';
    if (others[0] && (!forOther || others[0].depth !== item.depth)) flush();
    if (forOther) {
      others.push(item);
      continue;
    }
    const text = describeRule(item);
    lines.push(`${indentOf(item)}${item.held ? '+' : '-'} ${item.held ? paint.good(text) : paint.dim(text)}`);
  }
  flush();
  lines.push(path.length === 0 ? '   => no rule' : `   => rule ${path.join(' > ')}`);
  if (silenced === 'ignore') lines.push('      it is silenced: its ignore time since the last alert is not over');
  if (silenced === 'check_if_ignored') lines.push('      it is silenced: an ignore entry of another rule fits');
  return lines;
}

const indentOf = ({ depth }: RuleTry): string => '   '.padEnd(3 + Math.min(depth, 40) * 2);

function describeOthers(others: readonly RuleTry[]): string {
  const names = (list: readonly string[]) =>
    `${list.slice(0, MAX_IDS).join(', ')}${list.length > MAX_IDS ? ', ...' : ''}`;
  const [first] = others;
  if (others.length === 1) return describeRule(first!);
  const saw = first!.failed!.saw;
  const has = saw === undefined ? 'no decoder matched' : `this one is ${printableLine(saw)}`;
  return `${others.length} rules for other decoders (${has}): ${names(others.map(({ id }) => id))}`;
}

function describeRule(item: RuleTry): string {
  const head = `${item.id} (level ${item.level})`;
  const notes: string[] = [];
  if (item.window) notes.push(`window: ${printableLine(formatWindow(item.window))}`);
  if (item.diff) notes.push(describeDiff(item.diff));
  if (item.held) {
    if (item.abandoned) notes.push('is noalert and no rule below it holds: the search goes on');
    return notes.length === 0 ? `${head} holds` : `${head} holds; ${notes.join('; ')}`;
  }
  if (notes.length > 0) return `${head}: ${notes.join('; ')}`;
  const { element, wanted, saw } = item.failed!;
  const seen = saw === undefined ? 'the event has none' : `saw '${shorten(saw)}'`;
  return `${head}: ${element} ${shorten(wanted)}; ${element === 'compiled_rule' ? 'says no' : seen}`;
}

function describeDiff({ outcome, previous }: DiffState): string {
  if (outcome === 'first') return 'check_diff: seen for the first time, stored to compare the next one with';
  if (outcome === 'equal') return 'check_diff: the same text as before';
  if (outcome === 'too-large') return 'check_diff: the log is too large to be compared (64 KiB)';
  return `check_diff: changed; before it was '${shorten(previous ?? '')}'`;
}

function shorten(text: string): string {
  const line = printableLine(text);
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}...` : line;
}
