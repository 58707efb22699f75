import { formatHealthEvent } from '../../component/health-event.ts';
import type { Change, StateStore } from '../../component/state-store.ts';
import type { LogRecord } from '../../pdata/logs.ts';
import { decodeJson, encodeJson, storeKey } from './evaluate/state/store-key.ts';
import { createHealthRecord } from './runtime.ts';

const NAMESPACE = 'command-run';
/** Commands that are followed; the one whose last run is longest ago goes first. */
const MAX_COMMANDS = 10_000;

/** A run that comes after a later one. */
export interface LateRun {
  readonly alias: string;
  readonly run: number;
  /** The newest run that was evaluated. */
  readonly newest: number;
  /** Nothing of this run came before. */
  readonly isFirst: boolean;
}

/**
 * The newest run of every command, by host and alias: an older one that a sender delivers late would compare yesterday's
 * output with today's. Part of the batch's unit of work like the engine's own memory.
 */
export class CommandRuns {
  readonly #newest = new Map<string, number>();
  readonly #late = new Map<string, number>();
  readonly #changed = new Set<string>();

  /** Undefined for what is in order, and for what is no output of a command. */
  check(record: LogRecord, hostKey: string): LateRun | undefined {
    const run = numberOf(record.attributes.get('hids.command.run'));
    const alias = record.attributes.get('hids.command.alias');
    // What a receiver tells of an old run is news all the same.
    if (run === undefined || typeof alias !== 'string' || record.eventName === 'hids.health') return undefined;
    const key = storeKey(Buffer.from(`${hostKey}\0${alias}`, 'utf8').toString('latin1'));
    const newest = this.#newest.get(key);
    if (newest !== undefined && run < newest) {
      const isFirst = this.#late.get(key) !== run;
      this.#late.set(key, run);
      return { alias, run, newest, isFirst };
    }
    if (run !== newest) this.#remember(key, run);
    return undefined;
  }

  #remember(key: string, run: number): void {
    this.#newest.delete(key);
    this.#newest.set(key, run);
    this.#late.delete(key);
    this.#changed.add(key);
    if (this.#newest.size <= MAX_COMMANDS) return;
    const [oldest] = this.#newest.keys();
    this.#newest.delete(oldest);
    this.#late.delete(oldest);
    this.#changed.add(oldest);
  }

  /** What changed since the last call. */
  drain(): Change[] {
    const changes = [...this.#changed].map((key): Change => {
      const run = this.#newest.get(key);
      if (run === undefined) return { op: 'delete', namespace: NAMESPACE, key };
      return { op: 'put', namespace: NAMESPACE, key, value: encodeJson(run) };
    });
    this.#changed.clear();
    return changes;
  }

  /** Goes back to what the store holds. */
  load(store: StateStore): void {
    this.#newest.clear();
    this.#late.clear();
    this.#changed.clear();
    const stored = [...store.entries(NAMESPACE)].flatMap(([key, bytes]) => {
      const run = decodeJson(bytes);
      return typeof run === 'number' ? [[key, run] as const] : [];
    });
    // Runs are numbered by time: who ran last stands last.
    for (const [key, run] of stored.sort((a, b) => a[1] - b[1])) this.#newest.set(key, run);
  }
}

/** Says so to the rules, once for each run. */
export function createLateRunRecord(
  { alias, run, newest }: LateRun,
  record: LogRecord,
  nowUnixNano: bigint,
): LogRecord {
  const body = formatHealthEvent('command run out of order', alias, { run, stored: newest });
  return createHealthRecord(body, `${record.identity}#late`, nowUnixNano);
}

/** Runs are numbers; some senders make texts of them. */
function numberOf(value: unknown): number | undefined {
  const run = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value;
  return typeof run === 'number' && Number.isSafeInteger(run) && run > 0 ? run : undefined;
}
