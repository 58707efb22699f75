import { z } from 'zod';
import { duration } from '../../config/duration.ts';

export const keyvStorageSchema = z.strictObject({
  uri: z
    .string()
    .min(1)
    .describe('`sqlite:///path/to/state.db`, `redis://`, `rediss://`, `valkey://`, `valkeys://` or `postgres://`'),
  namespace: z
    .string()
    .default('otel-hids')
    .describe('Prefix on a shared server: every process needs one of its own. SQLite files need none'),
  lease: duration()
    .prefault('10s')
    .describe('On a shared server: how long an owner that gives no sign of life counts as alive'),
});

export type KeyvStorageConfig = z.output<typeof keyvStorageSchema>;
