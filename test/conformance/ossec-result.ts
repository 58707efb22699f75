import { type LogtestResult, toLogtestResult } from '../../src/processor/ruleset/evaluate/logtest-json.ts';
import type { Verdict } from '../../src/processor/ruleset/evaluate/verdict.ts';

export interface OssecGolden extends LogtestResult {
  readonly skipped?: boolean;
  readonly truncated?: boolean;
  readonly not_utf8?: boolean;
  readonly dns?: boolean;
  readonly accumulated?: boolean;
}

/** What a golden of OSSEC says; its fields are those that expressions captured, and not compared where they are not UTF-8. */
export function ossecExpected(golden: OssecGolden): Record<string, unknown> {
  if (golden.skipped) return { skipped: true };
  const { predecoder, decoder, data, rule, alert } = golden;
  return {
    program: predecoder?.program_name,
    hostname: predecoder?.hostname,
    decoder: decoder?.name,
    data: golden.not_utf8 ? undefined : data,
    rule: rule?.id,
    level: rule?.level,
    description: rule?.description,
    alert,
  };
}

export function ossecResult(verdict: Verdict, golden: OssecGolden): Record<string, unknown> {
  if (verdict.dropped === 'too-short') return { skipped: true };
  const { predecoder, decoder, data, rule, alert } = toLogtestResult(verdict, 'ossec', 'strict');
  return {
    program: predecoder?.program_name,
    hostname: predecoder?.hostname,
    decoder: decoder?.name,
    data: golden.not_utf8 ? undefined : data,
    rule: rule?.id,
    level: rule?.level,
    description: rule?.description,
    alert,
  };
}
