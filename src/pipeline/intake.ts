import type { Consumer, Intake } from '../component/component.ts';
import { cloneBatch } from '../pdata/clone.ts';
import type { BatchRunner } from './batch-runner.ts';

/**
 * What a receiver hands its batches to. A batch that consumers change is copied first: the receiver may hand over the
 * same one again after a rejection, and must then hand over what it read.
 */
export function createIntake(entry: Consumer, runner: BatchRunner): Intake {
  return {
    consume: (batch, progress = []) =>
      runner.run(
        async (unit) => {
          entry.checkRoom?.();
          await entry.consume(entry.mutatesData ? cloneBatch(batch) : batch, unit);
        },
        progress,
        { overlaps: entry.overlaps === true },
      ),
    turn: () => runner.turn({ overlaps: entry.overlaps === true }),
  };
}
