import type { Meter } from '@opentelemetry/api';
import { systemClock } from '../component/clock.ts';
import type { Logger, Settings } from '../component/host.ts';
import type { Environment } from '../pipeline/spec.ts';
import { openList, sqliteUri } from '../storage/open.ts';
import { SqliteStateStore } from '../storage/sqlite/store.ts';
import { stateFile } from './data-dir.ts';
import { findLocalHost } from './local-host.ts';

export interface ProcessFacts {
  readonly logger: Logger;
  readonly meter: Meter;
  readonly baseDir: string;
  readonly dataDir: string;
  readonly refuseWritable?: boolean;
  /** What was configured: digests by path. */
  readonly configuration?: Environment['configuration'];
}

/** What this process gives to its components: the system's clock, the machine's name, the embedded store. */
export function createEnvironment(facts: ProcessFacts): Environment {
  const { logger, meter, baseDir, dataDir, refuseWritable = false, configuration } = facts;
  const common = { logger, meter, clock: systemClock, localHost: findLocalHost(), baseDir, dataDir, refuseWritable };
  const settings = (id: string, pipeline?: string): Settings => ({ ...common, id, pipeline });
  return {
    settings: (_kind, id, pipeline) => settings(id, pipeline),
    own: settings('pipelines'),
    ...(configuration && { configuration }),
    openDefaultStore: async (reportHealth) =>
      new SqliteStateStore(stateFile(dataDir), { logger, meter, clock: systemClock, reportHealth }),
    openDefaultList: (name) => openList(sqliteUri(stateFile(dataDir)), name, systemClock),
  };
}
