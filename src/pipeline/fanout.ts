import type { Counter } from '@opentelemetry/api';
import type { Consumer } from '../component/component.ts';
import { PermanentError } from '../component/errors.ts';
import type { Logger } from '../component/host.ts';
import { cloneBatch } from '../pdata/clone.ts';
import { countRecords } from '../pdata/logs.ts';

/** One of the ways a batch takes. */
export interface Branch {
  /** `pipeline/logs` or an exporter's id: named when it drops a batch. */
  readonly name: string;
  readonly consumer: Consumer;
}

export interface FanoutReport {
  logger: Logger;
  /** Counts records that one branch dropped while others took them, by attribute `branch`. */
  dropped: Counter;
}

/**
 * Gives a batch to several consumers, one after the other. Those that change it get a copy; the last one may have the
 * original if nobody only reads.
 *
 * A branch that can never take the batch (PermanentError) must not cost the others theirs: that is counted and logged,
 * and rejected only if no branch took the batch. Every other error ends the hand-over, and the batch comes again whole.
 */
export function createFanout(branches: readonly Branch[], report: FanoutReport): Consumer {
  if (branches.length === 1) return branches[0].consumer;
  const readers = branches.filter((branch) => !branch.consumer.mutatesData);
  const ordered = [...readers, ...branches.filter((branch) => branch.consumer.mutatesData)];
  const mutatesData = readers.length === 0;
  return {
    mutatesData,
    ignoresAlerts: branches.every(({ consumer }) => consumer.ignoresAlerts === true),
    // Behind the first one everything has its turn.
    overlaps: ordered[0].consumer.overlaps === true,
    checkRoom() {
      for (const { consumer } of ordered) consumer.checkRoom?.();
    },
    async consume(batch, work) {
      const refusals: { branch: Branch; error: PermanentError }[] = [];
      for (const [index, branch] of ordered.entries()) {
        const isOriginal = !branch.consumer.mutatesData || (mutatesData && index === ordered.length - 1);
        try {
          await branch.consumer.consume(isOriginal ? batch : cloneBatch(batch), work);
        } catch (error) {
          if (!(error instanceof PermanentError)) throw error;
          refusals.push({ branch, error });
        }
      }
      if (refusals.length === ordered.length) throw refusals[0].error;
      for (const { branch, error } of refusals) {
        const records = countRecords(batch);
        report.dropped.add(records, { branch: branch.name });
        report.logger.error(
          { branch: branch.name, records, error: error.message },
          'one branch dropped a batch for good',
        );
      }
    },
  };
}
