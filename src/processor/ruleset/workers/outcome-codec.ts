import type { Change } from '../../../component/state-store.ts';
import type { Alert } from '../../../pdata/alert.ts';
import type { LogRecord } from '../../../pdata/logs.ts';
import type { Evicted } from '../evaluate/state/limits.ts';
import type { SuspensionChange } from '../evaluate/suspensions.ts';
import { AlertReader, AlertWriter } from './alert-codec.ts';
import type { LazyAlert } from './lazy-alert.ts';
import type { CountedRules } from './shared-counts.ts';
import type { SeenKey } from './shared-keys.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/** What is counted about the records of one message; by reason or owner where there are several. */
export interface ShardCounts {
  attributesCut: number;
  staleRuns: number;
  dropped: Record<string, number>;
  tripped: Record<string, number>;
  suspensions: SuspensionChange[];
}

/** Events by the rule that won, and the seconds that deciding took. */
export type RuleNumbers = readonly (readonly [rule: string, matches: number, seconds: number])[];

/** What a worker remembers since it was last asked: comes with the last message of a batch. */
export interface ShardMemory {
  readonly changes: readonly Change[];
  readonly added: readonly SeenKey[];
  readonly evicted: readonly Evicted[];
  readonly counted: CountedRules | null;
}

/** One decision that leaves a worker; `order` is the record's place in the batch. */
export interface ShardAlert {
  readonly order: number;
  /** The decision in full; absent where nobody wants it. */
  readonly alert: LazyAlert | undefined;
  /** The record that leaves; absent where records are only annotated. */
  readonly record: LogRecord | undefined;
}

export interface ShardOutcome {
  readonly alerts: readonly ShardAlert[];
  readonly counts: ShardCounts | undefined;
  readonly memory: ShardMemory | undefined;
  /** What all of that was read from, and its records still are. */
  readonly message: ArrayBuffer;
}

/** Writes what became of one message, while it is evaluated. For one channel. */
export class OutcomeWriter {
  readonly #writer = new WireWriter();
  readonly #alerts = new AlertWriter(this.#writer);

  begin(): void {
    this.#writer.begin();
  }

  /** After a message that was not sent to its end, and when rules may have become others. */
  reset(): void {
    this.#writer.reset();
    this.#alerts.reset();
  }

  alert(order: number, record: LogRecord | undefined, alert: Alert | undefined): void {
    this.#writer.flag(true);
    this.#writer.count(order);
    this.#alerts.write(record, alert);
  }

  finish(counts: ShardCounts | undefined, memory: ShardMemory | undefined): ArrayBuffer {
    const writer = this.#writer;
    writer.flag(false);
    writer.optionalText(counts && JSON.stringify(counts));
    writer.flag(memory !== undefined);
    if (memory) {
      writer.text(JSON.stringify([memory.added, memory.evicted, memory.counted]));
      writer.count(memory.changes.length);
      for (const change of memory.changes) writeChange(writer, change);
    }
    return writer.take();
  }
}

export class OutcomeReader {
  readonly #reader = new WireReader();
  readonly #alerts = new AlertReader(this.#reader);

  /** @throws RangeError where the bytes are none that `OutcomeWriter` wrote */
  read(message: ArrayBuffer): ShardOutcome {
    const reader = this.#reader;
    if (reader.begin(message)) this.#alerts.reset();
    const alerts: ShardAlert[] = [];
    while (reader.flag()) {
      const order = reader.count();
      const { alert, record } = this.#alerts.read();
      alerts.push({ order, alert, record });
    }
    const counts = reader.optionalText();
    return {
      alerts,
      counts: counts === undefined ? undefined : JSON.parse(counts),
      memory: reader.flag() ? readMemory(reader) : undefined,
      message,
    };
  }
}

function readMemory(reader: WireReader): ShardMemory {
  const [added, evicted, counted] = JSON.parse(reader.text());
  const changes = Array.from({ length: reader.count() }, () => readChange(reader));
  return { added, evicted, counted, changes };
}

function writeChange(writer: WireWriter, change: Change): void {
  if (change.op !== 'put' && change.op !== 'delete') throw new Error(`detection state has no ${change.op}`);
  writer.flag(change.op === 'put');
  writer.word(change.namespace);
  writer.text(change.key);
  if (change.op === 'put') writer.bytes(change.value);
}

function readChange(reader: WireReader): Change {
  const isPut = reader.flag();
  const namespace = reader.word();
  const key = reader.text();
  return isPut ? { op: 'put', namespace, key, value: reader.bytes() } : { op: 'delete', namespace, key };
}
