import { z } from 'zod';
import { byteSize } from '../../config/byte-size.ts';
import { duration } from '../../config/duration.ts';
import { tailShape } from '../../tail/config.ts';

export const auditLogSchema = z.strictObject({
  ...tailShape,
  include: tailShape.include.default(['/var/log/audit/audit.log']),
  linger: duration()
    .refine((ms) => ms >= 10 && ms <= 60_000, 'must be between 10ms and 1m')
    .prefault('2s')
    .describe('How long an event waits for its next record where its end does not show'),
  max_open_events: z
    .int()
    .min(1)
    .max(100_000)
    .default(1024)
    .describe('Most events that wait for records; beyond it the oldest is handed over as it is'),
  max_open_bytes: byteSize(64 * 1024, 1024 * 1024 * 1024)
    .prefault('16MiB')
    .describe('Most bytes that such events may hold'),
});

export type AuditLogConfig = z.output<typeof auditLogSchema>;
