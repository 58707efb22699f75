import { z } from 'zod';
import { duration } from '../../config/duration.ts';
import { tailShape } from '../../tail/config.ts';

export const fileLogSchema = z.strictObject({
  ...tailShape,
  force_flush_period: duration()
    .prefault('0s')
    .describe('Time after which an unfinished last line is taken for a whole one; `0s` waits for its end for ever'),
  multiline: z
    .unknown()
    .refine((value) => value === undefined || value === null, 'multiline is not built yet: one line is one record')
    .optional()
    .describe('Not built yet'),
});

export type FileLogConfig = z.output<typeof fileLogSchema>;
