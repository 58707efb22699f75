import { sleep } from '../../component/clock.ts';
import type { Settings } from '../../component/host.ts';
import { Backoff, type RetryConfig } from '../../config/retry.ts';
import type { RequestLimits } from '../../otlp/split.ts';
import { releaseBytes } from '../../pdata/release-bytes.ts';
import type { Delivery } from './delivery.ts';
import type { LogsRequest } from './request.ts';
import type { SendQueue, Taken } from './send-queue.ts';

export interface QueueWorkerOptions {
  settings: Settings;
  queue: Pick<SendQueue, 'take' | 'settle' | 'size' | 'waitForItems'>;
  delivery: Pick<Delivery, 'deliver' | 'bury' | 'maxBytes'>;
  limits: RequestLimits;
  retry: RetryConfig;
  /** Told of a request that will be delivered next, so that it can be made ready. */
  prepare(request: LogsRequest): void;
  /** What was delivered is used by nobody any more, the connection included: its memory can be given back. */
  releases: boolean;
  /** Something was removed from the queue. */
  onSettled(): void;
  /** Aborts when the component shuts down: what is in the queue is still delivered. */
  draining: AbortSignal;
  /** Aborts when there is no time left. */
  stopped: AbortSignal;
}

/** Delivered requests that wait to be removed while others are: as many would be sent again after a crash. */
const MAX_UNSETTLED = 8;
/** Requests of full size that the queue holds before the next one is taken ahead: less is better joined with what comes. */
const AHEAD_FROM = 2;

/**
 * Takes from the queue until shutdown, one request at a time and in their order; a store that fails is tried again, and
 * never ends it. While a request is on its way those before it are removed from the store and the one after it is made
 * ready, so that a program that is busy evaluating does not wait for each in turn.
 */
export class QueueWorker {
  readonly #options: QueueWorkerOptions;
  readonly #backoff: Backoff;
  /** Taken while another one was on its way. */
  #ahead: Taken | undefined;
  /** Delivered, but not yet being removed. */
  #delivered: number[][] = [];
  #settling: Promise<void> | undefined;

  constructor(options: QueueWorkerOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.retry);
  }

  /** Resolves when everything was delivered after `draining`, or at `stopped`; never rejects. */
  async run(): Promise<void> {
    for (let taken = await this.#next(); taken; taken = await this.#next()) {
      const delivering = this.#deliver(taken);
      this.#ahead = this.#takeAhead();
      if (!(await delivering)) break;
      this.#delivered.push(taken.ids);
      if (this.#options.releases) for (const payload of taken.payloads) releaseBytes(payload);
      if (this.#delivered.length > MAX_UNSETTLED) await this.#settling;
      // What was pushed may have been removed while this waited.
      if (this.#delivered.length > 0) this.#settling ??= this.#settle();
    }
    await this.#settling;
  }

  /** Undefined at shutdown. */
  async #next(): Promise<Taken | undefined> {
    const { settings, queue, draining, stopped } = this.#options;
    while (!stopped.aborted) {
      try {
        const taken = this.#ahead ?? this.#take();
        this.#ahead = undefined;
        if (taken) return taken;
        if (draining.aborted) return undefined;
        await queue.waitForItems(draining);
      } catch (error) {
        settings.logger.error({ exporter: settings.id, error: (error as Error).message }, 'queue cannot be read');
        if (draining.aborted) return undefined;
        await sleep(settings.clock, this.#backoff.next(), draining);
      }
    }
    return undefined;
  }

  #take(): Taken | undefined {
    const { queue, limits, delivery } = this.#options;
    return queue.take({ ...limits, maxBytes: Math.min(limits.maxBytes, delivery.maxBytes) });
  }

  #takeAhead(): Taken | undefined {
    const { queue, limits, prepare } = this.#options;
    try {
      if (queue.size().bytes < AHEAD_FROM * limits.maxBytes) return undefined;
      const taken = this.#take();
      if (taken && !taken.unreadable) prepare(taken.request);
      return taken;
    } catch {
      // Asked again, and complained of, when its turn comes.
      return undefined;
    }
  }

  #deliver({ request, unreadable }: Taken): Promise<boolean> {
    const { delivery } = this.#options;
    if (!unreadable) return delivery.deliver(request);
    return delivery.bury({ kind: 'unreadable', reason: 'not written by this version', rejected: 0, request });
  }

  /** Removes what was delivered. Where that fails for good it will be delivered once more after the next start. */
  async #settle(): Promise<void> {
    const { settings, queue, draining, retry, onSettled } = this.#options;
    const { clock, logger, id } = settings;
    const backoff = new Backoff(retry);
    while (this.#delivered.length > 0) {
      const delivered = this.#delivered;
      this.#delivered = [];
      try {
        await queue.settle(delivered.flat());
        onSettled();
      } catch (error) {
        this.#delivered.unshift(...delivered);
        logger.error({ exporter: id, error: (error as Error).message }, 'delivered requests cannot be removed yet');
        if (draining.aborted) break;
        await sleep(clock, backoff.next(), draining);
      }
    }
    this.#settling = undefined;
  }
}
