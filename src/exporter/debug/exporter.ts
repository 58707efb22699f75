import type { Writable } from 'node:stream';
import type { Exporter } from '../../component/component.ts';
import type { Settings } from '../../component/host.ts';
import type { WorkUnit } from '../../component/state-store.ts';
import { createExporterTelemetry, type ExporterTelemetry } from '../../component/telemetry.ts';
import type { LogBatch } from '../../pdata/logs.ts';
import { countRecords } from '../../pdata/logs.ts';
import { HandedOut } from '../shared/handed-out.ts';
import type { DebugConfig } from './config.ts';
import { formatRecord } from './format.ts';
import { type Paint, paintAnsi, paintNothing, wantsColor } from './style.ts';

/**
 * Prints records for people. `consume` resolves when the terminal has taken the text, so a slow one slows the pipeline;
 * where nobody reads any more (a closed pipe) records are counted as failed and the pipeline goes on.
 */
export class DebugExporter implements Exporter {
  readonly mutatesData = false;
  readonly #settings: Settings;
  readonly #config: DebugConfig;
  readonly #output: Writable & { isTTY?: boolean };
  readonly #telemetry: ExporterTelemetry;
  readonly #paint: Paint;
  readonly #handedOut = new HandedOut();
  #broken = false;

  constructor(settings: Settings, config: DebugConfig, output: Writable & { isTTY?: boolean }) {
    this.#settings = settings;
    this.#config = config;
    this.#output = output;
    this.#telemetry = createExporterTelemetry(settings.meter, settings.id);
    this.#paint = wantsColor(config.color, output.isTTY === true, process.env) ? paintAnsi : paintNothing;
  }

  async start(): Promise<void> {
    this.#output.on('error', this.#onError);
  }

  async shutdown(): Promise<void> {
    this.#output.off('error', this.#onError);
  }

  async consume(batch: LogBatch, work: WorkUnit): Promise<void> {
    const fresh = this.#handedOut.without(batch);
    const records = countRecords(fresh);
    if (records > 0) await this.#print(fresh, records);
    this.#handedOut.track(batch, work);
  }

  async #print(batch: LogBatch, records: number): Promise<void> {
    let text = '';
    for (const group of batch.logs) {
      for (const record of group.records) text += formatRecord(record, group, this.#config, this.#paint);
    }
    if (await this.#write(text)) this.#telemetry.sent(records);
    else this.#telemetry.sendFailed(records);
  }

  /** Whether the stream took the text; it has been handed on, not kept, when this resolves. */
  #write(text: string): Promise<boolean> {
    if (this.#broken || !this.#output.writable) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#output.write(text, (error) => {
        if (error) this.#onError(error);
        resolve(!error);
      });
    });
  }

  readonly #onError = (error: Error): void => {
    if (this.#broken) return;
    this.#broken = true;
    this.#settings.logger.warn(
      { exporter: this.#settings.id, error: error.message },
      'output closed, printing no more',
    );
  };
}
