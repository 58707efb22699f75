import { z } from 'zod';

export const debugSchema = z.strictObject({
  verbosity: z
    .enum(['basic', 'normal', 'detailed'])
    .default('normal')
    .describe(
      'basic: one line a record; normal: also where from, the first lines of the log and the delta; detailed: all',
    ),
  color: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe('auto: on a terminal, unless NO_COLOR is set; FORCE_COLOR counts as a terminal'),
  log_lines: z.number().int().nonnegative().default(5).describe('Lines of the log that verbosity normal shows'),
  delta_lines: z.number().int().nonnegative().default(40).describe('Lines of the delta that verbosity normal shows'),
});

export type DebugConfig = z.output<typeof debugSchema>;
