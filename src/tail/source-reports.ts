import type { Counter } from '@opentelemetry/api';
import { formatHealthEvent } from '../component/health-event.ts';
import type { Host, Settings } from '../component/host.ts';

const CUT_REPORT_INTERVAL_MS = 3_600_000;
const MAX_REPORTED = 10_000;

/** Says once, not at every look, what is wrong with the files of a receiver: health events, status and own log. */
export class SourceReports {
  readonly #settings: Settings;
  readonly #host: Host;
  readonly #maxLogSize: number;
  readonly #send: (body: string) => void;
  readonly #unreadable = new Map<string, string>();
  readonly #ignored = new Set<string>();
  readonly #cut = new Map<string, { lines: number; reportedAt: number }>();
  readonly #linesCut: Counter;
  readonly #failures: Counter;
  #waiting: string | undefined;
  #status = '';

  /** `send` takes the body of a health event. */
  constructor(settings: Settings, host: Host, maxLogSize: number, send: (body: string) => void) {
    this.#maxLogSize = maxLogSize;
    this.#settings = settings;
    this.#host = host;
    this.#send = send;
    this.#linesCut = settings.meter.createCounter('hids_tail_lines_cut', { unit: '{line}' });
    this.#failures = settings.meter.createCounter('hids_tail_files_unreadable', { unit: '{file}' });
  }

  unreadable(path: string, reason: string): void {
    const known = this.#unreadable.get(path);
    if (known === reason || this.#unreadable.size >= MAX_REPORTED) return;
    this.#unreadable.set(path, reason);
    this.#failures.add(1, { receiver: this.#settings.id });
    this.#settings.logger.warn({ path, reason }, 'File cannot be read; trying again');
    if (known === undefined) this.#send(formatHealthEvent('source unreadable', path, { reason }));
  }

  readable(path: string, exists: boolean): void {
    if (this.#unreadable.size === 0 || !this.#unreadable.delete(path) || !exists) return;
    this.#settings.logger.info({ path }, 'File can be read again');
    this.#send(formatHealthEvent('source active', path));
  }

  ignored(path: string, reason: string): void {
    if (this.#ignored.has(path) || this.#ignored.size >= MAX_REPORTED) return;
    this.#ignored.add(path);
    this.#settings.logger.warn({ path, reason }, 'File is left alone: it holds no lines');
  }

  lineCut(path: string): void {
    this.#linesCut.add(1, { receiver: this.#settings.id });
    const entry = this.#cut.get(path);
    if (entry) entry.lines += 1;
    else if (this.#cut.size < MAX_REPORTED) this.#cut.set(path, { lines: 1, reportedAt: Number.NEGATIVE_INFINITY });
  }

  /** Why batches have to wait, undefined when they do not any more. */
  waiting(reason: string | undefined): void {
    this.#waiting = reason;
    this.status();
  }

  endOfPass(): void {
    const now = this.#settings.clock.now();
    for (const [path, entry] of this.#cut) {
      if (entry.lines === 0 || now - entry.reportedAt < CUT_REPORT_INTERVAL_MS) continue;
      this.#send(formatHealthEvent('lines cut', path, { lines: entry.lines, limit: this.#maxLogSize }));
      entry.lines = 0;
      entry.reportedAt = now;
    }
    this.status();
  }

  status(): void {
    const [first] = this.#unreadable;
    const reason = this.#waiting ?? (first && `${first[0]}: ${first[1]}`);
    if ((reason ?? 'ok') === this.#status) return;
    this.#status = reason ?? 'ok';
    const { id } = this.#settings;
    if (reason === undefined) this.#host.reportStatus(id, { state: 'ok' });
    else this.#host.reportStatus(id, { state: 'recoverable_error', reason });
  }
}
