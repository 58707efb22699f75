import { describe, expect, it } from 'vitest';
import type { Intake, Receiver } from '../../src/component/component.ts';
import { PermanentError, RefusedError } from '../../src/component/errors.ts';
import type { Change } from '../../src/component/state-store.ts';
import type { LogBatch, LogRecord } from '../../src/pdata/logs.ts';
import { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { recordsOf } from '../support/consumers.ts';
import { settle } from '../support/fake-clock.ts';
import type { Random } from '../support/random.ts';
import { createRandom, testSeed } from '../support/random.ts';
import type { TestSettings } from '../support/settings.ts';
import { createTestHost, createTestSettings } from '../support/settings.ts';

/** A source of events (a file, a client, a command) and the receiver that reads it. */
export interface ReceiverSource {
  /** Makes the receiver; called a second time, on the same source and store, where a restart is part of the run. */
  create(settings: TestSettings, next: Intake): Receiver;
  /**
   * Offers one record for each id. A source that is told of the outcome (a client) answers `acknowledged`, `rejected`
   * (it will be offered again) or `dropped` (can never succeed); one that is not (a file) answers `stored`.
   */
  send(ids: readonly string[]): Promise<'acknowledged' | 'rejected' | 'dropped' | 'stored'>;
  /** The id a record was made from; undefined for records the receiver made by itself. */
  idOf(record: LogRecord): string | undefined;
  cleanup?(): void | Promise<void>;
}

export interface ReceiverContractOptions {
  /** Records offered in all; default 200. */
  records?: number;
  /** Most records offered at once; default 10. */
  batch?: number;
  /** Stop the receiver half way and make a new one on the same store; default false. */
  restart?: boolean;
  /** Shares of answers of the intake that are failures; default 0.25, 0.1 and 0.05. */
  refused?: number;
  failed?: number;
  permanent?: number;
  /** How far the receiver's clock goes on while the test waits, in milliseconds a turn; default 50. */
  step?: number;
  /** Real milliseconds after which what has not arrived counts as lost; default 20,000. */
  limit?: number;
  seed?: number;
}

/** Answers at random, keeps who was accepted, and commits progress with the acceptance as the pipeline does. */
class FailingIntake implements Intake {
  readonly accepted = new Map<string, number>();
  readonly dropped = new Set<string>();
  readonly store = new MemoryStateStore();
  readonly #random: Random;
  readonly #source: ReceiverSource;
  readonly #options: ReceiverContractOptions;

  constructor(random: Random, source: ReceiverSource, options: ReceiverContractOptions) {
    this.#random = random;
    this.#source = source;
    this.#options = options;
  }

  async consume(batch: LogBatch, progress: readonly Change[] = []): Promise<void> {
    const { refused = 0.25, failed = 0.1, permanent = 0.05 } = this.#options;
    const ids = recordsOf([batch]).flatMap((record) => this.#source.idOf(record) ?? []);
    const answer = this.#random.next();
    for (let turns = this.#random.int(0, 3); turns > 0; turns--) await settle();
    if (answer < refused) throw new RefusedError('the intake is full', 100);
    if (answer < refused + failed) throw new Error('the intake failed');
    if (answer < refused + failed + permanent) {
      for (const id of ids) this.dropped.add(id);
      throw new PermanentError('the intake never takes this');
    }
    await this.store.commit(progress);
    for (const id of ids) this.accepted.set(id, (this.accepted.get(id) ?? 0) + 1);
  }

  settled(id: string): boolean {
    return this.accepted.has(id) || this.dropped.has(id);
  }
}

/**
 * Feeds a receiver whose intake fails at random and lists what it did wrong: records lost, records handed over twice
 * although accepted, records acknowledged before the intake had accepted them.
 */
export async function checkReceiver(source: ReceiverSource, options: ReceiverContractOptions = {}): Promise<string[]> {
  const { records = 200, batch = 10, restart = false, step = 50, limit = 20_000 } = options;
  const random = createRandom(options.seed ?? testSeed());
  const violations: string[] = [];
  const onUnhandled = (reason: unknown) => {
    violations.push(`unhandled rejection: ${String(reason)}`);
  };
  const intake = new FailingIntake(random, source, options);
  const settings = createTestSettings();
  const host = createTestHost({ store: intake.store });
  const ids = Array.from({ length: records }, (_, index) => `record-${index}`);
  const deadline = performance.now() + limit;

  /** Moves time on while the promise waits, so that what the receiver delays comes about. */
  const pump = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    const finished = () => {
      done = true;
    };
    promise.then(finished, finished);
    while (!done && performance.now() < deadline) {
      await settings.clock.advance(step);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (!done) throw new Error('the receiver did not answer in time');
    return promise;
  };
  const waitFor = async (expected: readonly string[]) => {
    while (!expected.every((id) => intake.settled(id)) && performance.now() < deadline) {
      await pump(settle());
    }
  };
  const offer = async (chunk: readonly string[]) => {
    for (;;) {
      const answer = await pump(source.send(chunk));
      const unsettled = chunk.filter((id) => !intake.settled(id));
      if (answer === 'stored') return;
      if (answer === 'acknowledged' || answer === 'dropped') {
        for (const id of unsettled) violations.push(`${answer} before the intake had answered: ${id}`);
        return;
      }
    }
  };

  process.on('unhandledRejection', onUnhandled);
  let receiver = source.create(settings, intake);
  try {
    await receiver.start(host);
    let sent = 0;
    let restarted = !restart;
    while (sent < records) {
      const chunk = ids.slice(sent, sent + random.int(1, batch));
      await offer(chunk);
      sent += chunk.length;
      if (!restarted && sent > records / 2) {
        restarted = true;
        await pump(receiver.shutdown());
        receiver = source.create(settings, intake);
        await receiver.start(host);
      }
    }
    await waitFor(ids);
    await pump(receiver.shutdown());
  } catch (error) {
    violations.push(String(error));
    await receiver.shutdown();
  } finally {
    await source.cleanup?.();
    process.off('unhandledRejection', onUnhandled);
  }
  for (const id of ids) {
    if (!intake.settled(id)) violations.push(`lost: ${id}`);
    const times = intake.accepted.get(id) ?? 0;
    if (times > 1) violations.push(`accepted ${times} times: ${id}`);
  }
  return violations;
}

/** What every receiver promises to its source; call it inside a receiver's test file. */
export function describeReceiverContract(
  name: string,
  createSource: () => ReceiverSource | Promise<ReceiverSource>,
  options: ReceiverContractOptions = {},
): void {
  const seed = options.seed ?? testSeed();
  describe(`${name}: receiver contract`, () => {
    it(`loses nothing and acknowledges nothing early while its intake fails at random (SEED=${seed})`, async () => {
      expect(await checkReceiver(await createSource(), { ...options, seed })).toEqual([]);
    });
  });
}
