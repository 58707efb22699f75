import { z } from 'zod';
import { duration } from '../../config/duration.ts';
import { linearPattern } from '../../config/pattern/schema.ts';
import { tailShape } from '../../tail/config.ts';

/** Milliseconds; the Collector's. */
const MULTILINE_FLUSH_MS = 500;

export const fileLogSchema = z.strictObject({
  ...tailShape,
  force_flush_period: duration()
    .optional()
    .describe(
      'Time after which an unfinished last line or record is taken for a whole one; `0s` waits for its end for ever; default: 0s, with `multiline` 500ms',
    ),
  multiline: z
    .strictObject({
      line_start_pattern: linearPattern().optional().describe('A line that matches begins a record'),
      line_end_pattern: linearPattern().optional().describe('A line that matches ends a record'),
    })
    .refine(
      ({ line_start_pattern: start, line_end_pattern: end }) => (start === undefined) !== (end === undefined),
      'needs either `line_start_pattern` or `line_end_pattern`',
    )
    .optional()
    .describe('Records of several lines'),
});

export type FileLogConfig = z.output<typeof fileLogSchema>;

/** Milliseconds after which what is unfinished is handed over; 0 for never. */
export function flushPeriodOf({ force_flush_period: period, multiline }: FileLogConfig): number {
  return period ?? (multiline ? MULTILINE_FLUSH_MS : 0);
}
