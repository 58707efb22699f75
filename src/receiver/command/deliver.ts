import { sleep } from '../../component/clock.ts';
import type { Intake } from '../../component/component.ts';
import { PermanentError, RefusedError } from '../../component/errors.ts';
import type { Host, Settings } from '../../component/host.ts';
import type { Change } from '../../component/state-store.ts';
import type { ReceiverTelemetry } from '../../component/telemetry.ts';
import { countRecords, type LogBatch } from '../../pdata/logs.ts';

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;

export interface Delivery {
  readonly settings: Settings;
  readonly host: Host;
  readonly next: Intake;
  readonly telemetry: ReceiverTelemetry;
  /** Shutdown: one last attempt is made, then the batch is given up and counted. */
  readonly signal: AbortSignal;
}

/** Hands a batch over until it is accepted, or refused for ever; then it returns the reason. */
export async function deliver(
  delivery: Delivery,
  batch: LogBatch,
  progress: readonly Change[],
): Promise<string | undefined> {
  const { settings, host, next, telemetry, signal } = delivery;
  const records = countRecords(batch);
  const fields = { component: settings.id, records };
  let backoff = FIRST_DELAY_MS;
  let troubled = false;
  for (;;) {
    const last = signal.aborted;
    try {
      await next.consume(batch, progress);
      telemetry.accepted(records);
      if (troubled) host.reportStatus(settings.id, { state: 'ok' });
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof PermanentError) {
        telemetry.failed(records);
        settings.logger.error({ ...fields, error }, 'the output of a command can never be accepted and is dropped');
        return reason;
      }
      telemetry.refused(records);
      if (last) {
        telemetry.failed(records);
        settings.logger.error({ ...fields, error }, 'the output of a command was not accepted before the shutdown');
        return reason;
      }
      if (!troubled) {
        settings.logger.warn({ ...fields, error }, 'the output of a command was refused; it is kept and offered again');
        host.reportStatus(settings.id, { state: 'recoverable_error', reason });
      }
      troubled = true;
      let delay = backoff;
      if (error instanceof RefusedError) delay = error.retryAfterMs;
      else backoff = Math.min(backoff * 2, LONGEST_DELAY_MS);
      await sleep(settings.clock, Math.max(delay, 10), signal);
    }
  }
}
