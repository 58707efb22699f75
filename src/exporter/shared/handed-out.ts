import type { WorkUnit } from '../../component/state-store.ts';
import type { LogBatch, LogRecord } from '../../pdata/logs.ts';

/**
 * Records that left this process for a batch that was rolled back afterwards, because another exporter refused it or the
 * store could not be written. The batch comes again, and they must not leave a second time. Known by their uid, for as
 * long as this process runs; records without one are not known.
 */
export class HandedOut {
  readonly #limit: number;
  readonly #uids = new Set<string>();

  /** Beyond the limit the oldest are forgotten. */
  constructor(limit = 100_000) {
    this.#limit = limit;
  }

  /** What of the batch has not left yet; the batch itself where that is all of it. */
  without(batch: LogBatch): LogBatch {
    if (this.#uids.size === 0) return batch;
    const logs = batch.logs.map((group) => ({
      ...group,
      records: group.records.filter((record) => !this.#has(record)),
    }));
    return { logs: logs.filter((group) => group.records.length > 0) };
  }

  /** Call when all of the batch has left. */
  track(batch: LogBatch, work: WorkUnit): void {
    const uids = batch.logs.flatMap((group) => group.records.flatMap((record) => uidOf(record) ?? []));
    work.onRollback(() => {
      for (const uid of uids) this.#add(uid);
    });
    work.onCommit(() => {
      for (const uid of uids) this.#uids.delete(uid);
    });
  }

  #has(record: LogRecord): boolean {
    const uid = uidOf(record);
    return uid !== undefined && this.#uids.has(uid);
  }

  #add(uid: string): void {
    this.#uids.add(uid);
    if (this.#uids.size <= this.#limit) return;
    for (const oldest of this.#uids) {
      this.#uids.delete(oldest);
      return;
    }
  }
}

function uidOf(record: LogRecord): string | undefined {
  if (record.alert) return record.alert.uid;
  const uid = record.attributes.get('log.record.uid');
  return typeof uid === 'string' && uid !== '' ? uid : undefined;
}
