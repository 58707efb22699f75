import { type Clock, sleep } from '../component/clock.ts';
import type { Intake } from '../component/component.ts';
import { PermanentError, RefusedError } from '../component/errors.ts';
import type { Logger } from '../component/host.ts';
import type { Change } from '../component/state-store.ts';
import type { ReceiverTelemetry } from '../component/telemetry.ts';
import { Backoff, type RetryConfig } from '../config/retry.ts';
import { countRecords, type LogBatch } from '../pdata/logs.ts';

export interface DeliveryOptions {
  next: Intake;
  clock: Clock;
  logger: Logger;
  telemetry: ReceiverTelemetry;
  retry: RetryConfig;
  /** Told when a batch has to wait, and when it went through after all. */
  onWaiting(reason: string | undefined): void;
}

/** Hands batches over one after the other, each until it is taken: nothing overtakes a batch that has to wait. */
export class Delivery {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /**
   * Resolves to true when the batch and its progress are safe, or the batch can never be (it is counted as failed, its
   * progress is stored nevertheless); to false when the signal ended the attempts, and nothing of it is stored.
   */
  async deliver(batch: LogBatch, progress: readonly Change[], signal: AbortSignal): Promise<boolean> {
    const { next, telemetry, logger, onWaiting } = this.#options;
    const backoff = new Backoff(this.#options.retry);
    let records = countRecords(batch);
    for (let attempt = 0; ; attempt++) {
      try {
        await next.consume(batch, progress);
        telemetry.accepted(records);
        if (attempt > 0) onWaiting(undefined);
        return true;
      } catch (error) {
        if (error instanceof PermanentError) {
          telemetry.failed(records);
          logger.error({ error, records }, 'Records dropped: they can never be processed');
          if (records === 0) return true;
          batch = { logs: [] };
          records = 0;
          continue;
        }
        telemetry.refused(records);
        if (attempt === 0) logger.warn({ error, records }, 'Reading pauses: records were not taken');
        onWaiting(error instanceof Error ? error.message : String(error));
        if (signal.aborted) return false;
        const asked = error instanceof RefusedError ? error.retryAfterMs : 0;
        await sleep(this.#options.clock, backoff.next(asked), signal);
        if (signal.aborted) return false;
      }
    }
  }
}
