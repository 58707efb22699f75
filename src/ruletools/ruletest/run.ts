import type { Ruleset } from '../../processor/ruleset/compile/ruleset.ts';
import type { EngineTracer } from '../../processor/ruleset/evaluate/engine.ts';
import { type LogtestResult, toLogtestResult } from '../../processor/ruleset/evaluate/logtest-json.ts';
import { Session } from '../session.ts';
import { checkIni, checkResult, type Mismatch } from './check.ts';
import type { RuleTest } from './rule-test.ts';

export interface TestOutcome {
  readonly test: RuleTest;
  readonly failures: readonly StepFailure[];
}

/** A log that did not lead to what the test expects. */
export interface StepFailure {
  /** From 0; the last log of an `.ini` test, -1 where it has none. */
  readonly step: number;
  readonly mismatches: readonly Mismatch[];
  readonly result: LogtestResult | undefined;
}

export interface RunOptions {
  readonly ruleset: Ruleset;
  readonly hostname: string;
  readonly tracer?: EngineTracer;
}

/** Runs a test in a session of its own. */
export function runTest(test: RuleTest, { ruleset, hostname, tracer }: RunOptions): TestOutcome {
  const session = new Session({ ruleset, hostname });
  session.engine.trace(tracer);
  const failures: StepFailure[] = [];
  let last: LogtestResult | undefined;
  for (const [step, { log, location, timeMs, queue, expect }] of test.steps.entries()) {
    last = toLogtestResult(session.evaluate(log, location, timeMs, queue), ruleset.dialect);
    if (!expect) continue;
    const mismatches = last.error
      ? [{ name: 'location', expected: 'a valid form', actual: location }]
      : checkResult(expect, last);
    if (mismatches.length > 0) failures.push({ step, mismatches, result: last });
  }
  if (test.verdict.kind === 'ini') {
    const mismatches = checkIni(test.verdict.expected, test.verdict.negated, last);
    if (mismatches.length > 0) failures.push({ step: test.steps.length - 1, mismatches, result: last });
  }
  return { test, failures };
}
