import type { LogRecord } from '../../../pdata/logs.ts';
import type { ShardOutcome } from './outcome-codec.ts';
import { Item, type RecordItem, type SentSource, writeRecord, writeSource } from './record-codec.ts';
import { WireWriter } from './wire-writer.ts';

/** Workers begin with the first records of a batch while the others are still being written. */
const MESSAGE_BYTES = 16 * 1024;

/** Hands a message to a worker; resolves with what became of its records. */
export type Evaluate = (shard: number, message: ArrayBuffer, nowMs: number, isLast: boolean) => Promise<ShardOutcome>;

interface Lane {
  readonly writer: WireWriter;
  /** A message is being written. */
  isOpen: boolean;
  source: SentSource | undefined;
  answers: Promise<ShardOutcome>[];
}

/** Writes the records of one batch after the other for the workers they belong to. */
export class BatchSender {
  readonly #lanes: readonly Lane[];
  readonly #evaluate: Evaluate;
  #nowMs = 0;

  constructor(workers: number, evaluate: Evaluate) {
    this.#evaluate = evaluate;
    this.#lanes = Array.from({ length: workers }, () => ({
      writer: new WireWriter(),
      isOpen: false,
      source: undefined,
      answers: [],
    }));
  }

  /** A new batch; `nowMs` is the time at which it is evaluated. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** Records of one source after the other; `order` grows. */
  add(shard: number, source: SentSource, item: RecordItem, order: number, record: LogRecord): void {
    const lane = this.#lanes[shard]!;
    if (!lane.isOpen) {
      lane.isOpen = true;
      lane.source = undefined;
      lane.writer.begin();
    }
    if (lane.source !== source) {
      lane.source = source;
      writeSource(lane.writer, source);
    }
    writeRecord(lane.writer, item, order, record);
    if (lane.writer.size > MESSAGE_BYTES) this.#post(shard, lane, false);
  }

  /**
   * Sends the rest. Resolves when all are evaluated, with what became of them by worker; rejects when that is over and one
   * of them failed. The next batch may be written meanwhile.
   */
  async finish(): Promise<ReadonlyMap<number, readonly ShardOutcome[]>> {
    this.#lanes.forEach((lane, shard) => {
      if (!lane.isOpen && lane.answers.length === 0) return;
      if (!lane.isOpen) lane.writer.begin();
      this.#post(shard, lane, true);
    });
    const outcomes = new Map<number, readonly ShardOutcome[]>();
    const failures: unknown[] = [];
    for (const [shard, settled] of await this.#settle()) {
      outcomes.set(
        shard,
        settled.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])),
      );
      for (const answer of settled) if (answer.status === 'rejected') failures.push(answer.reason);
    }
    if (failures.length > 0) throw failures[0];
    return outcomes;
  }

  /** Gives up what is being written: resolves when no worker has anything of it to do any more. */
  async abandon(): Promise<void> {
    this.reset();
    await this.#settle();
  }

  /** Where workers start afresh: they know no words. */
  reset(): void {
    for (const lane of this.#lanes) {
      lane.isOpen = false;
      lane.writer.reset();
    }
  }

  #post(shard: number, lane: Lane, isLast: boolean): void {
    lane.writer.byte(Item.end);
    lane.isOpen = false;
    const answer = this.#evaluate(shard, lane.writer.take(), this.#nowMs, isLast);
    // Heard when the batch is finished.
    answer.catch(() => {});
    lane.answers.push(answer);
  }

  async #settle(): Promise<readonly (readonly [number, PromiseSettledResult<ShardOutcome>[]])[]> {
    const waiting = this.#lanes.flatMap((lane, shard) => {
      const { answers } = lane;
      if (answers.length === 0) return [];
      lane.answers = [];
      return [[shard, answers] as const];
    });
    return Promise.all(waiting.map(async ([shard, answers]) => [shard, await Promise.allSettled(answers)] as const));
  }
}
