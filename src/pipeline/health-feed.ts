import { randomUUID } from 'node:crypto';
import type { Counter } from '@opentelemetry/api';
import { sleep, type Timer } from '../component/clock.ts';
import type { Intake } from '../component/component.ts';
import { PermanentError, RefusedError } from '../component/errors.ts';
import { formatHealthEvent, HEALTH_LOCATION, type HealthEvent } from '../component/health-event.ts';
import type { Settings } from '../component/host.ts';
import { createLogRecord, type LogBatch, type LogRecord } from '../pdata/logs.ts';

/** Events of one name and subject that go out at once within a window; further ones become one at its end. */
const BURST = 5;
const WINDOW_MS = 60_000;
/** Names and subjects that are told apart within a window. */
const MAX_SPEAKERS = 10_000;
const MAX_WAITING = 1000;
const MAX_BATCH = 100;
const MAX_DETAIL = 64 * 1024;
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;

interface Held {
  event: HealthEvent;
  timeUnixNano: bigint;
}

/**
 * Turns what components report about themselves into records and hands them to a pipeline, as a receiver would. It has
 * to stand being asked by an exporter that is full, or whose every alert (also the one about that) is refused: nobody
 * waits for it, what waits is bounded, and nothing repeats itself faster than once a minute.
 */
export class HealthFeed {
  readonly #intake: Intake;
  readonly #settings: Settings;
  readonly #dropped: Counter;
  readonly #stop = new AbortController();
  readonly #origin = randomUUID();
  readonly #spoken = new Map<string, number>();
  readonly #held = new Map<string, Held>();
  #waiting: LogRecord[] = [];
  #window: Timer | undefined;
  #events = 0;
  #started = false;
  #sending = false;

  constructor(intake: Intake, settings: Settings) {
    this.#intake = intake;
    this.#settings = settings;
    this.#dropped = settings.meter.createCounter('hids_health_events_dropped', {
      unit: '{event}',
      description: 'Health events that found no room or no taker',
    });
  }

  /** Never throws and never waits. */
  report(event: HealthEvent): void {
    if (this.#stop.signal.aborted) {
      this.#drop(1, 'stopped');
      return;
    }
    const key = `${event.name}\0${event.subject}`;
    const spoken = this.#spoken.get(key);
    if (spoken === undefined && this.#spoken.size >= MAX_SPEAKERS) {
      this.#drop(1, 'too_many_subjects');
      return;
    }
    this.#window ??= this.#settings.clock.setTimeout(() => this.#endWindow(), WINDOW_MS);
    const timeUnixNano = this.#settings.clock.nowUnixNano();
    if ((spoken ?? 0) < BURST) {
      this.#spoken.set(key, (spoken ?? 0) + 1);
      this.#enqueue({ event, timeUnixNano });
      return;
    }
    const held = this.#held.get(key);
    this.#held.delete(key);
    this.#held.set(key, { event: held ? addTotals(held.event, event) : event, timeUnixNano });
  }

  /** From now on the pipeline takes records; what was reported before goes first. */
  start(): void {
    this.#started = true;
    void this.#send();
  }

  /** Hands over what waits, once; does not wait for the answer, which is part of draining the pipeline. */
  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#window?.cancel();
    this.#release();
    this.#stop.abort();
    void this.#send();
  }

  #endWindow(): void {
    this.#window = undefined;
    this.#spoken.clear();
    if (this.#held.size === 0) return;
    for (const key of this.#held.keys()) this.#spoken.set(key, 1);
    this.#window = this.#settings.clock.setTimeout(() => this.#endWindow(), WINDOW_MS);
    this.#release();
  }

  #release(): void {
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const entry of held) this.#enqueue(entry);
  }

  #enqueue({ event, timeUnixNano }: Held): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#drop(1, 'full');
      return;
    }
    const { name, subject, fields, totals, detail = '' } = event;
    const short = detail.length > MAX_DETAIL ? `${detail.slice(0, MAX_DETAIL)}\n[...]` : detail;
    this.#waiting.push(
      createLogRecord({
        timeUnixNano,
        observedTimeUnixNano: timeUnixNano,
        eventName: 'hids.health',
        body: formatHealthEvent(name, subject, { ...totals, ...fields }, short),
        attributes: new Map([
          ['hids.queue', '1'],
          ['hids.location', HEALTH_LOCATION],
        ]),
        identity: `health:${this.#origin}:${this.#events++}`,
      }),
    );
    void this.#send();
  }

  async #send(): Promise<void> {
    if (!this.#started || this.#sending) return;
    this.#sending = true;
    const { signal } = this.#stop;
    let delay = FIRST_DELAY_MS;
    while (this.#waiting.length > 0) {
      const last = signal.aborted;
      const records = this.#waiting.slice(0, MAX_BATCH);
      try {
        await this.#intake.consume(this.#batch(records));
        this.#waiting.splice(0, records.length);
        delay = FIRST_DELAY_MS;
      } catch (error) {
        const { clock, logger } = this.#settings;
        if (error instanceof PermanentError || last) {
          this.#waiting.splice(0, records.length);
          this.#drop(records.length, last ? 'stopped' : 'refused');
          logger.warn({ error, events: records.length }, 'health events were not taken');
          continue;
        }
        const isRefusal = error instanceof RefusedError;
        await sleep(clock, isRefusal ? error.retryAfterMs : delay, signal);
        if (!isRefusal) delay = Math.min(delay * 2, LONGEST_DELAY_MS);
      }
    }
    this.#sending = false;
  }

  #batch(records: LogRecord[]): LogBatch {
    const { name, id } = this.#settings.localHost;
    const attributes = new Map([['host.name', name]]);
    if (id !== '') attributes.set('host.id', id);
    const scope = { name: '', version: '', attributes: new Map() };
    return { logs: [{ resource: { attributes }, scope, schemaUrl: '', records, trusted: true }] };
  }

  #drop(events: number, reason: string): void {
    this.#dropped.add(events, { reason });
  }
}

/** The newer event with the numbers of both. */
function addTotals(older: HealthEvent, newer: HealthEvent): HealthEvent {
  const totals = { ...older.totals };
  for (const [name, value] of Object.entries(newer.totals ?? {})) totals[name] = (totals[name] ?? 0) + value;
  return { ...newer, totals };
}
