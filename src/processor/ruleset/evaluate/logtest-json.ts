import { bytesToText } from '../bytes.ts';
import type { Compat, Dialect } from '../compile/ruleset.ts';
import { listCaptures, listFields, type Verdict } from './verdict.ts';

/** One line of `logtest --json`; a key is absent where the engine has no value. */
export interface LogtestResult {
  full_log?: string;
  predecoder?: { program_name?: string; hostname?: string; timestamp?: string };
  decoder?: { name: string; parent?: string };
  data?: Record<string, string>;
  rule?: LogtestRule;
  alert?: boolean;
  error?: 'format';
}

export interface LogtestRule {
  id: string;
  level: number;
  description: string;
  groups: string[];
  firedtimes: number;
  mitre?: string[];
}

/**
 * A verdict in the form of `logtest --json`. Bytes that are not UTF-8 become U+FFFD. OSSEC's own test program shows what
 * expressions captured, not what plug-ins and the accumulator set; only `strict` does that.
 */
export function toLogtestResult(verdict: Verdict, dialect: Dialect, compat: Compat = 'default'): LogtestResult {
  if (verdict.error) return { error: verdict.error };
  const { event, rule } = verdict;
  const result: LogtestResult = { full_log: bytesToText(event.fullLog) };
  const predecoder: NonNullable<LogtestResult['predecoder']> = {};
  if (event.programName !== undefined) predecoder.program_name = bytesToText(event.programName);
  if (event.hostnameKnown) predecoder.hostname = bytesToText(event.hostname);
  if (event.timestamp !== undefined) predecoder.timestamp = bytesToText(event.timestamp);
  if (Object.keys(predecoder).length > 0) result.predecoder = predecoder;
  if (event.decoderName !== undefined) {
    result.decoder = { name: bytesToText(event.decoderName) };
    if (event.decoderParent !== undefined) result.decoder.parent = bytesToText(event.decoderParent);
  }
  // No prototype: a field may be called anything.
  const data: Record<string, string> = Object.create(null);
  let any = false;
  for (const [name, value] of dialect === 'ossec' && compat === 'strict'
    ? listCaptures(event)
    : listFields(event, dialect)) {
    const key = bytesToText(name);
    if (key in data) continue;
    data[key] = bytesToText(value);
    any = true;
  }
  if (any) result.data = data;
  if (rule) {
    result.rule = {
      id: rule.id,
      level: rule.level,
      description: bytesToText(verdict.description),
      groups: splitGroups(rule.groupText).map(bytesToText),
      firedtimes: verdict.firedtimes,
    };
    if (rule.mitre) result.rule.mitre = rule.mitre.id.map(bytesToText);
    result.alert = verdict.alert;
  }
  return result;
}

/** Every group, compliance tags included, in the order of the group text, without leading blanks. */
export function splitGroups(groupText: string): string[] {
  return groupText
    .split(',')
    .map((group) => group.replace(/^ +/, ''))
    .filter((group) => group !== '');
}
