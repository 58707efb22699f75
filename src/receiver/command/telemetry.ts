import type { Meter } from '@opentelemetry/api';
import { createReceiverTelemetry, type ReceiverTelemetry, SECONDS } from '../../component/telemetry.ts';

export interface CommandTelemetry {
  readonly receiver: ReceiverTelemetry;
  ran(outcome: string, durationMs: number): void;
  /** Runs that fell due while an earlier one was still at work. */
  skipped(runs: number): void;
  /** A run whose output is not evaluated, and why. */
  notEvaluated(reason: string): void;
}

export function createCommandTelemetry(meter: Meter, id: string): CommandTelemetry {
  const runs = meter.createCounter('hids_command_runs', { unit: '{run}' });
  const skippedRuns = meter.createCounter('hids_command_runs_skipped', { unit: '{run}' });
  const unusable = meter.createCounter('hids_command_runs_not_evaluated', { unit: '{run}' });
  const duration = meter.createHistogram('hids_command_duration', SECONDS);
  return {
    receiver: createReceiverTelemetry(meter, id),
    ran(outcome, durationMs) {
      runs.add(1, { receiver: id, outcome });
      duration.record(durationMs / 1000, { receiver: id });
    },
    skipped(count) {
      if (count > 0) skippedRuns.add(count, { receiver: id });
    },
    notEvaluated: (reason) => unusable.add(1, { receiver: id, reason }),
  };
}
