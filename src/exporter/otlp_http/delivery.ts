import type { Counter } from '@opentelemetry/api';
import { sleep } from '../../component/clock.ts';
import type { HealthEvent } from '../../component/health-event.ts';
import type { ComponentStatus, Settings } from '../../component/host.ts';
import { createExporterTelemetry, type ExporterTelemetry } from '../../component/telemetry.ts';
import { Backoff, type RetryConfig } from '../../config/retry.ts';
import type { DeadLetter, DeadLetterFile, DeadLetterKind } from './dead-letter.ts';
import type { TimeProblem, Verdict } from './reply.ts';
import { type LogsRequest, openRequest, splitByTime, splitInHalves } from './request.ts';
import type { Sender } from './sender.ts';

export interface DeliveryOptions {
  settings: Settings;
  sender: Pick<Sender, 'send' | 'letsEmptyPass'>;
  deadLetters: Pick<DeadLetterFile, 'write' | 'path'>;
  retry: RetryConfig;
  report: (status: ComponentStatus) => void;
  reportHealth: (event: HealthEvent) => void;
  /** From 0 up to 1, for jitter. */
  random?: () => number;
  /** Aborts when the component shuts down: attempts that fail are not repeated. */
  draining: AbortSignal;
  /** Aborts when there is no time left: attempts under way are given up. */
  stopped: AbortSignal;
}

/** Attempts for an answer that the protocol calls final and that may yet be an accident. */
const DOUBTFUL_ATTEMPTS = 5;
/** Failures of one kind after which a smaller request is tried. */
const SIZE_ATTEMPTS = 5;
/** What a backend says of a request is its own text, and may be a page. */
const MAX_REASON = 200;
const MIN_REQUEST_BYTES = 64 * 1024;

/** What became of a request that needs no more attempts. */
type Decision =
  | { kind: 'accepted'; rejected: number; message: string }
  | { kind: Exclude<DeadLetterKind, 'partial' | 'unreadable'>; reason: string; time?: TimeProblem }
  | { kind: 'stopped' };

/** Sends a request until nothing of it is left to do: taken, or in the dead-letter file with the reason. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #telemetry: ExporterTelemetry;
  readonly #retries: Counter;
  readonly #restamped: Counter;
  readonly #warnings: Counter;
  #trouble: string | undefined;
  #maxBytes = Number.POSITIVE_INFINITY;

  constructor(options: DeliveryOptions) {
    const { meter, id } = options.settings;
    this.#options = options;
    this.#telemetry = createExporterTelemetry(meter, id);
    this.#retries = meter.createCounter('hids_exporter_failed_attempts', {
      unit: '{request}',
      description: 'Attempts to deliver that failed and are repeated',
    });
    this.#restamped = meter.createCounter('hids_exporter_restamped_log_records', {
      unit: '{record}',
      description: 'Records sent with the present time, because the other side refused their own',
    });
    this.#warnings = meter.createCounter('hids_exporter_warnings', {
      unit: '{request}',
      description: 'Requests that were taken with a warning',
    });
  }

  /** Size of a request that the other side is known to find too large, or none. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** False where the component shut down first; then the request must be delivered again, whole. */
  async deliver(request: LogsRequest): Promise<boolean> {
    const started = this.#options.settings.clock.now();
    const rest = [request];
    for (let next = rest.shift(); next; next = rest.shift()) {
      const decision = await this.#decide(next, started);
      if (decision.kind === 'stopped') return false;
      if (decision.kind === 'accepted') {
        if (!(await this.#settle(next, decision))) return false;
        continue;
      }
      const parts = this.#part(next, decision);
      if (parts) rest.unshift(...parts);
      else if (!(await this.bury(letterOf(next, decision)))) return false;
    }
    return true;
  }

  /** Writes to the dead-letter file, again and again where it cannot be written; false at shutdown. */
  async bury(letter: DeadLetter): Promise<boolean> {
    const { settings, deadLetters, retry, draining, report, reportHealth } = this.#options;
    const backoff = new Backoff(retry, this.#options.random);
    for (;;) {
      try {
        await deadLetters.write(letter);
        break;
      } catch (error) {
        const reason = `dead-letter file: ${(error as Error).message}`;
        settings.logger.error({ exporter: settings.id, error: (error as Error).message }, 'dead letter not written');
        report({ state: 'recoverable_error', reason });
        if (draining.aborted) return false;
        await sleep(settings.clock, backoff.next(), draining);
      }
    }
    const { kind, reason, rejected } = letter;
    this.#telemetry.sendFailed(rejected);
    settings.logger.error(
      { exporter: settings.id, kind, reason, records: rejected },
      'records in the dead-letter file',
    );
    reportHealth({
      name: 'dead letter',
      subject: settings.id,
      totals: { count: rejected },
      fields: { kind, reason: reason.slice(0, MAX_REASON), file: deadLetters.path },
    });
    return true;
  }

  /** Attempts until the answer is final. */
  async #decide(request: LogsRequest, started: number): Promise<Decision> {
    let since = started;
    const { settings, sender, retry, draining, stopped } = this.#options;
    const backoff = new Backoff(retry, this.#options.random);
    let doubtful = 0;
    let maybeSize = 0;
    for (;;) {
      if (stopped.aborted) return { kind: 'stopped' };
      const verdict = await sender.send(request, stopped);
      if (verdict.kind === 'accepted' || verdict.kind === 'refused' || verdict.kind === 'too_large') {
        this.#recovered();
        return verdict;
      }
      if (stopped.aborted) return { kind: 'stopped' };
      if (verdict.kind === 'doubtful' && ++doubtful >= DOUBTFUL_ATTEMPTS) {
        return { kind: 'refused', reason: verdict.reason };
      }
      if (verdict.kind === 'unavailable' && verdict.maybeSize && ++maybeSize >= SIZE_ATTEMPTS && request.records > 1) {
        return { kind: 'too_large', reason: verdict.reason };
      }
      if (verdict.kind === 'misconfigured' && verdict.maybeContent && (await sender.letsEmptyPass(stopped))) {
        return { kind: 'refused', reason: verdict.reason };
      }
      this.#failed(verdict);
      if (draining.aborted) return { kind: 'stopped' };
      // Time in which nothing could have been taken does not count.
      if (verdict.kind === 'misconfigured') since = settings.clock.now();
      else if (this.#isOver(since)) return { kind: 'expired', reason: verdict.reason };
      await sleep(settings.clock, this.#wait(verdict, backoff), draining);
    }
  }

  #isOver(since: number): boolean {
    const { retry, settings } = this.#options;
    const elapsed = settings.clock.now() - since;
    return !retry.enabled || (retry.max_elapsed_time > 0 && elapsed >= retry.max_elapsed_time);
  }

  /** Where someone must change a configuration first, haste helps nobody. */
  #wait(verdict: Verdict, backoff: Backoff): number {
    if (verdict.kind === 'unavailable') return backoff.next(verdict.retryAfterMs);
    const wait = backoff.next();
    return verdict.kind === 'misconfigured' ? Math.max(wait, 2 * this.#options.retry.max_interval) : wait;
  }

  /** A partial success must not be sent again, and does not say which records were rejected: the whole request is kept. */
  async #settle(request: LogsRequest, { rejected, message }: Decision & { kind: 'accepted' }): Promise<boolean> {
    const { settings } = this.#options;
    const lost = Math.min(rejected, request.records);
    if (lost > 0 && !(await this.bury({ kind: 'partial', reason: message, rejected: lost, request }))) return false;
    if (rejected === 0 && message !== '') {
      this.#warnings.add(1, { exporter: settings.id });
      settings.logger.warn({ exporter: settings.id, message }, 'the other side warns');
    }
    this.#telemetry.sent(request.records - lost);
    if (request.restamped) this.#restamped.add(request.records - lost, { exporter: settings.id });
    return true;
  }

  /** Smaller requests, of which most will pass; undefined where there is nothing to part. */
  #part(
    request: LogsRequest,
    decision: Exclude<Decision, { kind: 'accepted' | 'stopped' }>,
  ): LogsRequest[] | undefined {
    const restamp = decision.time !== undefined && !request.restamped;
    if (decision.kind === 'expired' || (request.records < 2 && !restamp)) return undefined;
    const batch = openRequest(request);
    if (!batch) return request.joined && [...request.joined];
    if (restamp) return splitByTime(batch, decision.time?.acceptableFrom, this.#options.settings.clock.nowUnixNano());
    if (decision.kind === 'too_large') {
      this.#maxBytes = Math.max(MIN_REQUEST_BYTES, Math.min(this.#maxBytes, Math.floor(request.bytes.byteLength / 2)));
    }
    return splitInHalves(batch, request.restamped);
  }

  #failed(verdict: Verdict & { reason: string }): void {
    const { settings, report } = this.#options;
    this.#retries.add(1, { exporter: settings.id });
    const permanent = verdict.kind === 'misconfigured';
    report({ state: permanent ? 'permanent_error' : 'recoverable_error', reason: verdict.reason });
    const trouble = `${verdict.kind} ${verdict.reason.slice(0, 40)}`;
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const fields = { exporter: settings.id, reason: verdict.reason };
    if (permanent) settings.logger.error(fields, 'not delivered until a configuration changes, here or there');
    else settings.logger.warn(fields, 'not delivered yet, trying again');
  }

  #recovered(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#options.settings.logger.info({ exporter: this.#options.settings.id }, 'the other side answers again');
    this.#options.report({ state: 'ok' });
  }
}

function letterOf(request: LogsRequest, decision: Exclude<Decision, { kind: 'accepted' | 'stopped' }>): DeadLetter {
  return { kind: decision.kind, reason: decision.reason, rejected: request.records, request };
}
