import type { Counter } from '@opentelemetry/api';
import type { Settings } from '../../component/host.ts';
import { encodeLogsRequestJson } from '../../otlp/encode-json.ts';
import { printableJson } from '../../pdata/printable.ts';
import { AppendFile } from '../shared/append-file.ts';
import { readLines } from './lines.ts';
import { type LogsRequest, openRequest } from './request.ts';

/**
 * Why a request lies here: `refused` and `too_large` are answers to it alone, `partial` was taken but for some of its
 * records (which ones is not said), `expired` was tried for `max_elapsed_time`, `unreadable` was damaged in the queue.
 */
export type DeadLetterKind = 'refused' | 'too_large' | 'partial' | 'expired' | 'unreadable';

export interface DeadLetter {
  kind: DeadLetterKind;
  reason: string;
  /** Records that were lost to the other side: of a partial success what it said, else all. */
  rejected: number;
  request: LogsRequest;
}

export interface DeadLetterConfig {
  path: string;
  maxBytes: number;
  maxBackups: number;
}

/**
 * A JSON Lines file, readable by its owner only, of what the other side will never take. Each line is an OTLP/JSON
 * request (`resourceLogs`) with `time`, `exporter`, `kind`, `reason`, `records` and `rejected` before it; readers of OTLP
 * ignore keys they do not know. A request that cannot be decoded is in `protobuf` instead, in base64.
 */
export class DeadLetterFile {
  readonly path: string;
  readonly #settings: Settings;
  readonly #file: AppendFile;
  readonly #written: Counter;
  readonly #removed: Counter;

  constructor(settings: Settings, config: DeadLetterConfig) {
    const { id, meter, clock, logger } = settings;
    this.#settings = settings;
    this.#written = meter.createCounter('hids_exporter_dead_letter_log_records', {
      unit: '{record}',
      description: 'Records that the other side will never take, kept in the dead-letter file',
    });
    this.#removed = meter.createCounter('hids_exporter_dead_letter_removed_log_records', {
      unit: '{record}',
      description: 'Records in dead-letter files that were deleted to make room',
    });
    const { path } = config;
    this.path = path;
    this.#file = new AppendFile({
      path,
      mode: 0o600,
      sync: true,
      recordEnd: '\n',
      now: () => clock.now(),
      rotation: { maxBytes: config.maxBytes, maxDays: 0, maxBackups: config.maxBackups },
      onTornEnd: () => logger.warn({ path }, 'dead-letter file ended in the middle of a line, which was closed'),
      beforeRemove: async (backup) => {
        const records = await countRecordsOf(backup);
        this.#removed.add(records, { exporter: id });
        logger.error({ path: backup, records }, 'dead-letter file deleted to make room');
      },
      onRotationError: (error) => logger.error({ path, error: String(error) }, 'dead-letter file not rotated'),
    });
  }

  /** Rejects where the file cannot be written; nothing opens before the first letter. */
  async write(letter: DeadLetter): Promise<void> {
    const line = Buffer.from(`${this.#format(letter)}\n`);
    await this.#file.append(() => line);
    this.#written.add(letter.rejected, { exporter: this.#settings.id, kind: letter.kind });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #format({ kind, reason, rejected, request }: DeadLetter): string {
    const { clock, id } = this.#settings;
    const time = new Date(clock.now()).toISOString();
    const head = JSON.stringify({ time, exporter: id, kind, reason, records: request.records, rejected });
    const batch = kind === 'unreadable' ? undefined : openRequest(request);
    const rest = batch
      ? encodeLogsRequestJson(batch)
      : JSON.stringify({ protobuf: Buffer.from(request.bytes).toString('base64') });
    return printableJson(`${head.slice(0, -1)},${rest.slice(1)}`);
  }
}

/** Lost records in a file, by what its lines say of themselves. */
async function countRecordsOf(path: string): Promise<number> {
  let records = 0;
  for await (const line of readLines(path)) {
    const head = line.slice(0, line.indexOf(',"resourceLogs":'));
    records += Number(/,"rejected":(\d+)/.exec(head)?.[1] ?? 0);
  }
  return records;
}
