import type { LogBatch, LogRecord, ScopeLogs } from '../../src/pdata/logs.ts';
import { createLogRecord } from '../../src/pdata/logs.ts';

/** A batch of text records of one source; `identity` is `test:` and a running number unless given. */
export function createBatch(
  bodies: readonly (string | Partial<LogRecord>)[],
  group: Partial<ScopeLogs> = {},
): LogBatch {
  const records = bodies.map((body, index) =>
    createLogRecord({ identity: `test:${index}`, ...(typeof body === 'string' ? { body } : body) }),
  );
  return {
    logs: [
      {
        resource: { attributes: new Map() },
        scope: { name: 'test', version: '', attributes: new Map() },
        schemaUrl: '',
        trusted: false,
        ...group,
        records,
      },
    ],
  };
}
