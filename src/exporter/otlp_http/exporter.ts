import { setMaxListeners } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { BatchObservableResult, Counter } from '@opentelemetry/api';
import type { Timer } from '../../component/clock.ts';
import type { Exporter } from '../../component/component.ts';
import { RefusedError } from '../../component/errors.ts';
import type { Host, Settings } from '../../component/host.ts';
import type { WorkUnit } from '../../component/state-store.ts';
import { createExporterTelemetry, type ExporterTelemetry } from '../../component/telemetry.ts';
import { makeFolder } from '../../config/make-folder.ts';
import type { RequestLimits } from '../../otlp/split.ts';
import type { LogBatch } from '../../pdata/logs.ts';
import { countRecords } from '../../pdata/logs.ts';
import { releaseBytes } from '../../pdata/release-bytes.ts';
import type { OtlpHttpConfig } from './config.ts';
import { DeadLetterFile } from './dead-letter.ts';
import { Delivery } from './delivery.ts';
import { type Environment, resolveTarget } from './environment.ts';
import { QueueWatch } from './queue-watch.ts';
import { QueueWorker } from './queue-worker.ts';
import { createRequests, type LogsRequest } from './request.ts';
import { SendQueue } from './send-queue.ts';
import { Sender } from './sender.ts';

/** What exists between start and shutdown. */
interface Running {
  sender: Sender;
  delivery: Delivery;
  queue: SendQueue;
  watch: QueueWatch;
  /** The queue lives in the store that the pipeline commits to, so both are safe at once. */
  sharesStore: boolean;
  workers: Promise<void>[];
}

/**
 * Delivers records to an OTLP/HTTP backend. `consume` adds the requests to the batch's unit of work, so that they are
 * safe together with the state they came from; workers send what is stored, and remove it when it has been taken or lies
 * in the dead-letter file.
 */
export class OtlpHttpExporter implements Exporter {
  readonly mutatesData = false;
  readonly ignoresAlerts = true;
  readonly #settings: Settings;
  readonly #config: OtlpHttpConfig;
  readonly #environment: Environment;
  readonly #limits: RequestLimits;
  readonly #telemetry: ExporterTelemetry;
  readonly #dropped: Counter;
  readonly #deadLetters: DeadLetterFile;
  readonly #draining = new AbortController();
  /** The process ends, and room did not come in time: batches that wait for it are refused, to come again. */
  readonly #refusing = new AbortController();
  readonly #stopped = new AbortController();
  #refusingTimer: Timer | undefined;
  #running: Running | undefined;
  #shutdown: Promise<void> | undefined;

  constructor(settings: Settings, config: OtlpHttpConfig, environment: Environment) {
    this.#settings = settings;
    this.#config = config;
    this.#environment = environment;
    this.#limits = { maxRecords: config.request.max_records, maxBytes: config.request.max_bytes };
    this.#telemetry = createExporterTelemetry(settings.meter, settings.id);
    this.#dropped = settings.meter.createCounter('hids_exporter_dropped_log_records', {
      unit: '{record}',
      description: 'Records that gave way to newer ones in a full queue (drop_oldest_on_overflow)',
    });
    // Every batch that waits for room listens for the end.
    setMaxListeners(0, this.#draining.signal, this.#refusing.signal, this.#stopped.signal);
    this.#deadLetters = new DeadLetterFile(settings, {
      path: deadLetterPath(settings, config),
      maxBytes: config.dead_letter.max_megabytes * 1024 * 1024,
      maxBackups: config.dead_letter.max_backups,
    });
  }

  async start(host: Host): Promise<void> {
    const { sending_queue: queueing, retry_on_failure: retry } = this.#config;
    const target = resolveTarget(this.#config, this.#environment);
    const folder = dirname(deadLetterPath(this.#settings, this.#config));
    makeFolder(folder, 0o750);
    await access(folder, constants.W_OK);
    const store = host.store(queueing.storage);
    const sender = new Sender(this.#settings, this.#config, target, host);
    const delivery = new Delivery({
      settings: this.#settings,
      sender,
      retry,
      deadLetters: this.#deadLetters,
      report: (status) => host.reportStatus(this.#settings.id, status),
      reportHealth: (event) => host.reportHealth(event),
      draining: this.#draining.signal,
      stopped: this.#stopped.signal,
    });
    const limits = { maxItems: queueing.queue_size, maxBytes: queueing.queue_bytes };
    const queue = new SendQueue(store, this.#settings.id, limits);
    const capacity = { items: limits.maxItems, bytes: limits.maxBytes };
    const watch = new QueueWatch(host, this.#settings.id, capacity, policyOf(this.#config));
    const running: Running = { sender, delivery, queue, watch, sharesStore: store === host.store(), workers: [] };
    this.#running = running;
    if (queueing.enabled) {
      this.#observeQueue(queue);
      for (let worker = 0; worker < queueing.num_consumers; worker++) running.workers.push(this.#work(running));
    }
    host.reportStatus(this.#settings.id, { state: 'ok' });
  }

  prepareShutdown(): void {
    const { clock } = this.#settings;
    this.#refusingTimer ??= clock.setTimeout(() => this.#refusing.abort(), this.#config.sending_queue.drain_timeout);
  }

  shutdown(): Promise<void> {
    this.#shutdown ??= this.#drain();
    return this.#shutdown;
  }

  /** Who waits for room, or makes it, does so with a batch in his hands. */
  checkRoom(): void {
    const { enabled, block_on_overflow: block, drop_oldest_on_overflow: drop } = this.#config.sending_queue;
    const running = this.#running;
    if (!running || !enabled || block || drop || !running.queue.isFull()) return;
    running.watch.full(running.queue.size());
    running.queue.refuse();
  }

  async consume(batch: LogBatch, work: WorkUnit): Promise<void> {
    const running = this.#running;
    if (!running || this.#draining.signal.aborted) throw new RefusedError(`exporter ${this.#settings.id} is off`, 1000);
    const requests = createRequests(batch, this.#limits);
    if (requests.length === 0) return;
    if (!this.#config.sending_queue.enabled) return this.#deliverNow(running, requests);
    try {
      await this.#waitForRoom(running, requests, work.givenUp);
    } catch (error) {
      this.#telemetry.enqueueFailed(countRecords(batch));
      throw error;
    }
    const { changes, release } = running.queue.reserve(requests);
    // What is stored is a copy.
    for (const { bytes } of requests) releaseBytes(bytes);
    if (running.sharesStore) {
      for (const change of changes) work.add(change);
      work.onRollback(release);
      work.onCommit(() => {
        release();
        this.#trim(running);
      });
      return;
    }
    try {
      await running.queue.commit(changes);
    } finally {
      release();
    }
    this.#trim(running);
  }

  async #waitForRoom({ queue, watch }: Running, requests: readonly LogsRequest[], givenUp: AbortSignal): Promise<void> {
    const { block_on_overflow: block, drop_oldest_on_overflow: drop } = this.#config.sending_queue;
    if (drop) return;
    while (!queue.fits(requests)) {
      watch.full(queue.size());
      if (!block || this.#refusing.signal.aborted) queue.refuse();
      await queue.waitForRoom(this.#refusing.signal, givenUp);
      if (givenUp.aborted) throw new RefusedError('a batch that came before could not be stored', 1000);
    }
  }

  /** Without a queue the batch is accepted when the other side has it. */
  async #deliverNow({ delivery }: Running, requests: readonly LogsRequest[]): Promise<void> {
    for (const request of requests) {
      if (await delivery.deliver(request)) continue;
      throw new RefusedError(`exporter ${this.#settings.id} shut down before it was delivered`, 1000);
    }
  }

  #work({ queue, delivery, sender, watch }: Running): Promise<void> {
    const worker = new QueueWorker({
      settings: this.#settings,
      queue,
      delivery,
      limits: this.#limits,
      retry: this.#config.retry_on_failure,
      prepare: (request) => sender.prepare(request),
      releases: sender.sendsCopies,
      onSettled: () => watch.shrunk(queue.size()),
      draining: this.#draining.signal,
      stopped: this.#stopped.signal,
    });
    return worker.run();
  }

  #trim({ queue, watch }: Running): void {
    if (!this.#config.sending_queue.drop_oldest_on_overflow) return;
    const { logger, id } = this.#settings;
    queue.trim().then(
      (records) => {
        if (records === 0) return;
        this.#dropped.add(records, { exporter: id });
        watch.dropped(queue.size(), records);
        logger.error({ exporter: id, records }, 'queue full, oldest records dropped');
      },
      (error) => logger.error({ exporter: id, error: (error as Error).message }, 'queue full and not to be shortened'),
    );
  }

  #observeQueue(queue: SendQueue): void {
    const { meter, id } = this.#settings;
    const size = meter.createObservableGauge('otelcol_exporter_queue_size', { unit: '{batch}' });
    const capacity = meter.createObservableGauge('otelcol_exporter_queue_capacity', { unit: '{batch}' });
    const bytes = meter.createObservableGauge('hids_exporter_queue_bytes', { unit: 'By' });
    const observe = (result: BatchObservableResult) => {
      const attributes = { exporter: id, data_type: 'logs' };
      const now = queue.size();
      result.observe(size, now.items, attributes);
      result.observe(bytes, now.bytes, attributes);
      result.observe(capacity, this.#config.sending_queue.queue_size, attributes);
    };
    meter.addBatchObservableCallback(observe, [size, capacity, bytes]);
    this.#stopped.signal.addEventListener('abort', () => {
      meter.removeBatchObservableCallback(observe, [size, capacity, bytes]);
    });
  }

  async #drain(): Promise<void> {
    this.#draining.abort();
    this.#refusingTimer?.cancel();
    this.#refusing.abort();
    const { clock } = this.#settings;
    const stop = () => this.#stopped.abort();
    const timer = clock.setTimeout(stop, this.#config.sending_queue.drain_timeout);
    await Promise.all(this.#running?.workers ?? []);
    timer.cancel();
    stop();
    this.#running?.sender.close();
    await this.#deadLetters.close();
  }
}

function policyOf({
  sending_queue: { block_on_overflow: block, drop_oldest_on_overflow: drop },
}: OtlpHttpConfig): string {
  if (drop) return 'drop_oldest';
  return block ? 'block' : 'refuse';
}

/** Where dead letters of an exporter go; the name is safe for every id. */
export function deadLetterPath(settings: Settings, config: OtlpHttpConfig): string {
  if (config.dead_letter.path !== undefined) return resolve(settings.baseDir, config.dead_letter.path);
  return join(settings.dataDir ?? settings.baseDir, 'dead-letter', `${settings.id.replaceAll('/', '_')}.jsonl`);
}
