import type { LogtestResult } from '../../processor/ruleset/evaluate/logtest-json.ts';
import type { Expectation } from './rule-test.ts';

/** One value that is not as expected; undefined stands for "none". */
export interface Mismatch {
  readonly name: string;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  /** What is expected is that it is something else. */
  readonly negated?: boolean;
}

type Value = string | number | boolean | null | undefined;

/** What of a result is not as a test expects it. */
export function checkResult(expect: Expectation, result: LogtestResult): Mismatch[] {
  const found: Mismatch[] = [];
  const compare = (name: string, expected: Value, actual: Value) => {
    const want = expected === null || expected === undefined ? undefined : String(expected);
    const got = actual === null || actual === undefined ? undefined : String(actual);
    if (want !== got) found.push({ name, expected: want, actual: got });
  };
  const { rule, decoder, predecoder, data = {} } = result;
  if (expect.program_name !== undefined) compare('program_name', expect.program_name, predecoder?.program_name);
  if (expect.hostname !== undefined) compare('hostname', expect.hostname, predecoder?.hostname);
  if (expect.decoder !== undefined) compare('decoder', expect.decoder, decoder?.name);
  if (expect.parent !== undefined) compare('parent', expect.parent, decoder?.parent);
  for (const [name, value] of Object.entries(expect.fields ?? {})) compare(`fields.${name}`, value, data[name]);
  if (expect.absent) found.push(...checkAbsent(expect.rule, rule?.id));
  else if (expect.rule !== undefined) compare('rule', expect.rule, rule?.id);
  if (expect.level !== undefined) compare('level', expect.level, rule?.level);
  if (expect.description !== undefined) compare('description', expect.description, rule?.description);
  for (const group of expect.groups ?? []) {
    if (!rule?.groups.includes(group)) {
      found.push({ name: 'groups', expected: group, actual: rule ? rule.groups.join(', ') : undefined });
    }
  }
  if (expect.firedtimes !== undefined) compare('firedtimes', expect.firedtimes, rule?.firedtimes);
  // Without a rule there is no alert either.
  if (expect.alert !== undefined) compare('alert', expect.alert, result.alert ?? false);
  return found;
}

function checkAbsent(unwanted: string | undefined, actual: string | undefined): Mismatch[] {
  if (unwanted === undefined) return actual === undefined ? [] : [{ name: 'rule', expected: undefined, actual }];
  return actual === unwanted ? [{ name: 'rule', expected: unwanted, actual, negated: true }] : [];
}

/**
 * The stock runner's comparison: rule, level and decoder as texts. An expectation with a blank can never pass, since the
 * runner counts blanks into its exit code; `fail` holds where `pass` would not.
 */
export function checkIni(expected: string, negated: boolean, result: LogtestResult | undefined): Mismatch[] {
  const rule = result?.rule;
  const actual = [rule?.id ?? '', rule === undefined ? '' : String(rule.level), result?.decoder?.name ?? ''];
  const wanted = expected.split(':');
  const equal = wanted.length === actual.length && wanted.every((value, index) => value === actual[index]);
  const blank = wanted.some((value) => value === '');
  if (negated) {
    return equal && !blank ? [{ name: 'rule', expected: actual[0], actual: actual[0], negated: true }] : [];
  }
  if (equal) {
    return blank
      ? [{ name: 'rule, alert, decoder', expected: 'no blanks: with one, pass never holds', actual: expected }]
      : [];
  }
  return ['rule', 'level', 'decoder']
    .map(
      (name, index): Mismatch => ({ name, expected: wanted[index] || undefined, actual: actual[index] || undefined }),
    )
    .filter((mismatch) => mismatch.expected !== mismatch.actual);
}
