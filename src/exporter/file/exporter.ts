import { resolve } from 'node:path';
import type { Counter } from '@opentelemetry/api';
import type { Exporter } from '../../component/component.ts';
import { RefusedError } from '../../component/errors.ts';
import type { Host, Settings } from '../../component/host.ts';
import type { WorkUnit } from '../../component/state-store.ts';
import { createExporterTelemetry, type ExporterTelemetry } from '../../component/telemetry.ts';
import type { LogBatch } from '../../pdata/logs.ts';
import { countRecords } from '../../pdata/logs.ts';
import { AppendFile } from '../shared/append-file.ts';
import { HandedOut } from '../shared/handed-out.ts';
import type { FileConfig } from './config.ts';
import { type FormatBatch, formatterOf, recordEndOf } from './format.ts';

/** After this time a batch that could not be written is worth another attempt. */
const RETRY_AFTER_MS = 5000;

/**
 * Appends what each record's alert says to a file. `consume` resolves when it is on the disk (`flush: sync`) or with
 * the operating system, and rejects with RefusedError where it could not be written; then nothing of the batch is there.
 */
export class FileExporter implements Exporter {
  readonly mutatesData = false;
  readonly #settings: Settings;
  readonly #config: FileConfig;
  readonly #format: FormatBatch;
  readonly #file: AppendFile;
  readonly #handedOut = new HandedOut();
  readonly #telemetry: ExporterTelemetry;
  readonly #skipped: Counter;
  readonly #failedWrites: Counter;
  readonly #attributes: { exporter: string };
  #host: Host | undefined;
  #failing = false;

  constructor(settings: Settings, config: FileConfig) {
    this.#settings = settings;
    this.#config = config;
    this.#attributes = { exporter: settings.id };
    this.#telemetry = createExporterTelemetry(settings.meter, settings.id);
    this.#skipped = settings.meter.createCounter('hids_exporter_skipped_log_records', {
      unit: '{record}',
      description: 'Records that the format of a file has no text for',
    });
    this.#failedWrites = settings.meter.createCounter('hids_exporter_failed_writes', {
      unit: '{write}',
      description: 'Attempts to write to a file that the system refused',
    });
    this.#format = formatterOf(config, settings.localHost.name);
    this.#file = this.#createFile();
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    await this.#file.open();
  }

  async shutdown(): Promise<void> {
    await this.#file.close();
  }

  async consume(batch: LogBatch, work: WorkUnit): Promise<void> {
    const fresh = this.#handedOut.without(batch);
    const records = countRecords(fresh);
    if (records > 0) await this.#write(fresh, records);
    this.#handedOut.track(batch, work);
  }

  async #write(batch: LogBatch, records: number): Promise<void> {
    let written = 0;
    try {
      await this.#file.append((offset) => {
        const text = this.#format(batch, offset);
        written = text.records;
        return text.bytes;
      });
    } catch (error) {
      this.#failed(error);
      throw new RefusedError(`exporter ${this.#settings.id}: ${(error as Error).message}`, RETRY_AFTER_MS, {
        cause: error,
      });
    }
    this.#recovered();
    this.#telemetry.sent(written);
    if (written < records) this.#skipped.add(records - written, this.#attributes);
  }

  #createFile(): AppendFile {
    const { logger, clock, baseDir } = this.#settings;
    const path = resolve(baseDir, this.#config.path);
    const { rotation } = this.#config;
    return new AppendFile({
      path,
      mode: 0o640,
      sync: this.#config.flush === 'sync',
      recordEnd: recordEndOf(this.#config.format),
      now: () => clock.now(),
      rotation: rotation && {
        maxBytes: rotation.max_megabytes * 1024 * 1024,
        maxDays: rotation.max_days,
        maxBackups: rotation.max_backups,
      },
      onTornEnd: () => logger.warn({ path }, 'file ended in the middle of a record, which was closed'),
      onReopen: () => logger.info({ path }, 'file was moved away, a new one begun'),
      onRotationError: (error) => logger.error({ path, error: (error as Error).message }, 'file could not be rotated'),
    });
  }

  #failed(error: unknown): void {
    this.#failedWrites.add(1, this.#attributes);
    const reason = (error as Error).message;
    if (!this.#failing) {
      this.#settings.logger.error({ path: this.#config.path, error: reason }, 'file could not be written');
    }
    this.#failing = true;
    this.#host?.reportStatus(this.#settings.id, { state: 'recoverable_error', reason });
  }

  #recovered(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#settings.logger.info({ path: this.#config.path }, 'file can be written again');
    this.#host?.reportStatus(this.#settings.id, { state: 'ok' });
  }
}
