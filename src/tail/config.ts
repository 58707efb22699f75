import { z } from 'zod';
import { byteSize } from '../config/byte-size.ts';
import { duration } from '../config/duration.ts';
import { retryOnFailureSchema, validateRetry } from '../config/retry.ts';
import { parseGlob } from './glob-pattern.ts';

const pattern = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'), 'must not contain a NUL byte')
  .superRefine((text, context) => {
    try {
      parseGlob(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: `"${text}" is no pattern: ${(error as Error).message}` });
    }
  });

const value = z.union([z.string(), z.number(), z.boolean()]);

/** Settings shared by all receivers that read files, spelt as the Collector's file_log receiver spells them. */
export const tailShape = {
  include: z
    .array(pattern)
    .min(1)
    .describe('Paths of the files to read; `*`, `?`, `[a-z]`, `{a,b}` and `**` are known'),
  exclude: z.array(pattern).default([]).describe('Paths to leave out'),
  start_at: z
    .enum(['beginning', 'end'])
    .default('end')
    .describe('Where to start with files that are there when the receiver runs for the first time'),
  poll_interval: duration()
    .refine((ms) => ms >= 1, 'must be 1ms or longer')
    .prefault('200ms')
    .describe('Time between two looks at the files'),
  fingerprint_size: byteSize(16, 64 * 1024)
    .prefault(1000)
    .describe('First bytes by which a file is recognised'),
  max_log_size: byteSize(256, 64 * 1024 * 1024)
    .prefault('1MiB')
    .describe('Longest line in bytes'),
  max_log_size_behavior: z
    .enum(['truncate', 'split'])
    .default('truncate')
    .describe('What happens to the rest of a line that is too long: it is skipped, or becomes further records'),
  max_concurrent_files: z.int().min(1).max(1_000_000).default(1024).describe('Most files that are open at a time'),
  include_file_name: z.boolean().default(true).describe('Attribute `log.file.name`'),
  include_file_path: z.boolean().default(true).describe('Attribute `log.file.path`'),
  attributes: z.record(z.string().min(1), value).default({}).describe('Attributes added to each record'),
  resource: z.record(z.string().min(1), value).default({}).describe('Attributes added to the resource'),
  location: z.string().min(1).optional().describe('`hids.location` of the records; default: the path of the file'),
  encoding: z
    .enum(['utf-8', 'iso-8859-1', 'nop'])
    .default('utf-8')
    .describe('`nop` leaves all lines bytes; with `utf-8` only those that are not valid UTF-8 stay bytes'),
  follow_symlinks: z
    .enum(['owner_match', 'always', 'never'])
    .default('owner_match')
    .describe("`owner_match`: only links that belong to root, this process's user or the owner of the file"),
  ignore_binaries: z.boolean().default(false).describe('Leave files alone that begin with something other than text'),
  report_rotation: z
    .boolean()
    .default(true)
    .describe('Send `ossec: File rotated ...` and `ossec: File size reduced ...` (rules 591 and 592)'),
  rotate_wait: duration()
    .prefault('5s')
    .describe('How long a file that was moved away or deleted must stay unchanged before it is left'),
  max_batch_size: z.int().min(1).max(100_000).default(1000).describe('Most records handed over at once'),
  max_batch_bytes: byteSize(1024, 256 * 1024 * 1024)
    .prefault('4MiB')
    .describe('Size from which a batch is handed over'),
  retry_on_failure: retryOnFailureSchema
    .refine((retry) => retry.enabled && retry.max_elapsed_time === 0, {
      message: 'a file can wait: attempts never end, so enabled must be true and max_elapsed_time 0',
    })
    .describe('Waits between attempts to hand over a batch. Attempts never end: reading pauses meanwhile'),
  expect_every: duration()
    .optional()
    .describe('Report `source silent` when no line has come from any of the files for this long; default: never'),
  storage: z.string().min(1).optional().describe('Storage extension for the offsets; default: the default store'),
} as const;

/** What all file reading needs to know; each receiver's own configuration contains it. */
export type TailConfig = z.output<z.ZodObject<typeof tailShape>>;

/** Checks between settings; each message starts with the path inside the component. */
export function validateTailConfig(config: TailConfig): string[] {
  return validateRetry(config.retry_on_failure);
}
