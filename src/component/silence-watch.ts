import type { BatchObservableResult } from '@opentelemetry/api';
import type { Host, Settings } from './host.ts';

/** Sources that are watched at a time; further ones are not, so that made-up names cost no memory. */
const MAX_SOURCES = 10_000;
/** Sources with a metric of their own. */
const MAX_SHOWN = 1000;
/** A source that has been silent for this long is forgotten: it has been said, and it may never come back. */
const FORGET_MS = 30 * 24 * 3_600_000;
/** Longest step of time that counts: a machine that slept, or a clock that was set, silences nobody. */
const MAX_STEP_MS = 60_000;

interface Source {
  seenAt: number;
  silent: boolean;
}

/**
 * Tells the rules when a source that should send at least once in a while has fallen silent, and when it is back. A
 * source is whatever the receiver tells apart: itself, a host.
 */
export class SilenceWatch {
  readonly #settings: Settings;
  readonly #host: Host;
  readonly #expectEveryMs: number;
  readonly #sources = new Map<string, Source>();
  readonly #close: () => void;
  /** Milliseconds that have passed as far as `check` has seen. */
  #elapsed = 0;
  #checkedAt: number;

  constructor(settings: Settings, host: Host, expectEveryMs: number) {
    this.#settings = settings;
    this.#host = host;
    this.#expectEveryMs = expectEveryMs;
    this.#checkedAt = settings.clock.now();
    const { meter } = settings;
    const silence = meter.createObservableGauge('hids_source_silence', {
      unit: 's',
      description: 'Time since a source last sent',
    });
    const sources = meter.createObservableGauge('hids_sources', {
      unit: '{source}',
      description: 'Sources that are expected to send, by whether they do',
    });
    const observe = (result: BatchObservableResult) => {
      let count = 0;
      let shown = 0;
      for (const [source, { seenAt, silent: isSilent }] of this.#sources) {
        if (isSilent) count++;
        if (shown++ >= MAX_SHOWN) continue;
        result.observe(silence, (this.#elapsed - seenAt) / 1000, { receiver: settings.id, source });
      }
      result.observe(sources, count, { receiver: settings.id, state: 'silent' });
      result.observe(sources, this.#sources.size - count, { receiver: settings.id, state: 'active' });
    };
    meter.addBatchObservableCallback(observe, [silence, sources]);
    this.#close = () => meter.removeBatchObservableCallback(observe, [silence, sources]);
  }

  /** Milliseconds after which `check` is worth calling again. */
  get interval(): number {
    return Math.max(100, Math.min(10_000, this.#expectEveryMs / 4));
  }

  /** Something came from the source; from now on it is expected to go on. */
  seen(name: string): void {
    const source = this.#sources.get(name);
    if (source === undefined) {
      if (this.#sources.size < MAX_SOURCES) this.#sources.set(name, { seenAt: this.#elapsed, silent: false });
      return;
    }
    if (source.silent) {
      const silent = `${Math.round((this.#elapsed - source.seenAt) / 1000)}s`;
      this.#settings.logger.info({ source: name, silent }, 'a silent source sends again');
      this.#host.reportHealth({
        name: 'source active',
        subject: name,
        fields: { silent, receiver: this.#settings.id },
      });
    }
    source.seenAt = this.#elapsed;
    source.silent = false;
  }

  /** To be called every now and then, at least every `interval`. */
  check(): void {
    const now = this.#settings.clock.now();
    this.#elapsed += Math.min(MAX_STEP_MS, Math.max(0, now - this.#checkedAt));
    this.#checkedAt = now;
    for (const [name, source] of this.#sources) {
      const silentMs = this.#elapsed - source.seenAt;
      if (source.silent) {
        if (silentMs > FORGET_MS + this.#expectEveryMs) this.#sources.delete(name);
        continue;
      }
      if (silentMs < this.#expectEveryMs) continue;
      source.silent = true;
      const silent = `${Math.round(silentMs / 1000)}s`;
      this.#settings.logger.warn({ source: name, silent }, 'a source is silent');
      this.#host.reportHealth({
        name: 'source silent',
        subject: name,
        fields: { silent, receiver: this.#settings.id },
      });
    }
  }

  close(): void {
    this.#close();
  }
}
