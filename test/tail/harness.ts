import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Receiver } from '../../src/component/component.ts';
import type { LogRecord } from '../../src/pdata/logs.ts';
import { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { CollectingIntake } from '../support/consumers.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { createTestHost, createTestSettings, type TestHost, type TestSettings } from '../support/settings.ts';

/** A folder of its own, removed by `cleanup`. */
export function createFolder(): { folder: string; cleanup: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'otel-hids-tail-'));
  return { folder, cleanup: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Drives a receiver that polls files: real files, a clock that only the test moves. */
export class TailHarness {
  readonly store: MemoryStateStore;
  readonly clock = new FakeClock();
  readonly intake: CollectingIntake;
  readonly host: TestHost;
  settings: TestSettings;
  receiver: Receiver | undefined;
  readonly #create: (settings: TestSettings, intake: CollectingIntake) => Receiver;
  #logged = 0;

  constructor(
    create: (settings: TestSettings, intake: CollectingIntake) => Receiver,
    baseDir: string,
    store = new MemoryStateStore(),
  ) {
    this.store = store;
    this.intake = new CollectingIntake(store);
    this.host = createTestHost({ store });
    this.#create = create;
    this.settings = createTestSettings({ id: 'file_log', clock: this.clock, baseDir });
  }

  async start(): Promise<void> {
    this.settings = createTestSettings({ id: this.settings.id, clock: this.clock, baseDir: this.settings.baseDir });
    this.receiver = this.#create(this.settings, this.intake);
    await this.receiver.start(this.host);
    await this.polls(1);
  }

  /** Stops and starts again on the same store, as a restart of the process does. */
  async restart(whileDown: () => void | Promise<void> = () => {}): Promise<void> {
    await this.stop();
    await whileDown();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#pump(this.receiver?.shutdown() ?? Promise.resolve());
    this.receiver = undefined;
  }

  /** Lets the receiver look at its files that many times. */
  async polls(count = 1, interval = 200): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.#untilAsleep();
      await this.clock.advance(interval);
    }
    await this.#untilAsleep();
  }

  /** Everything accepted so far that was not returned before. */
  news(): LogRecord[] {
    const fresh = this.intake.records.slice(this.#logged);
    this.#logged += fresh.length;
    return fresh;
  }

  /** Bodies of the new records of lines, bytes as `bytes:HEX`; control messages are left out. */
  lines(): string[] {
    return this.news()
      .filter((record) => record.attributes.has('log.file.path'))
      .map(({ body }) => (body instanceof Uint8Array ? `bytes:${Buffer.from(body).toString('hex')}` : String(body)));
  }

  /** Bodies of the new control messages. */
  controls(): string[] {
    return this.news()
      .filter((record) => !record.attributes.has('log.file.path'))
      .map(({ body }) => String(body));
  }

  /** The receiver sleeps when a timer waits; until then real input and output goes on. */
  async #untilAsleep(): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (this.clock.pending === 0) {
      if (performance.now() > deadline) throw new Error('the receiver does not come to rest');
      await new Promise((resolve) => setTimeout(resolve, 0));
      await settle();
    }
  }

  async #pump(promise: Promise<unknown>): Promise<void> {
    let done = false;
    promise.then(
      () => (done = true),
      () => (done = true),
    );
    while (!done) await new Promise((resolve) => setTimeout(resolve, 0));
    await promise;
  }
}
