import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { fileLogSchema } from '../../src/receiver/file_log/config.ts';
import { createFileLogReceiver } from '../../src/receiver/file_log/receiver.ts';
import type { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { createFolder, TailHarness } from './harness.ts';

/** What each test of a file has for itself. */
export interface FileLogBench {
  readonly folder: string;
  /** Of the receiver that `tail` made last; stopped when the test ends. */
  readonly harness: TailHarness;
  at(name: string): string;
  /** A `file_log` receiver that reads from the beginning; not started yet. `store`: what one before it left. */
  tail(config?: Record<string, unknown>, store?: MemoryStateStore): TailHarness;
}

/** @param defaults settings of every receiver */
export function useFileLog(defaults: Record<string, unknown>): FileLogBench {
  let created: ReturnType<typeof createFolder>;
  let harness: TailHarness | undefined;
  beforeEach(() => {
    created = createFolder();
    harness = undefined;
  });
  afterEach(async () => {
    await harness?.stop();
    created.cleanup();
  });
  return {
    get folder() {
      return created.folder;
    },
    get harness() {
      if (!harness) throw new Error('no receiver yet');
      return harness;
    },
    at: (name) => join(created.folder, name),
    tail(config = {}, store) {
      const parsed = fileLogSchema.parse({ start_at: 'beginning', ...defaults, ...config });
      harness = new TailHarness(
        (settings, intake) => createFileLogReceiver(settings, parsed, intake),
        created.folder,
        store,
      );
      return harness;
    },
  };
}
