import { z } from 'zod';
import { duration, parseDuration } from '../../config/duration.ts';
import { parseCapability } from './capabilities.ts';

const WORDS: Record<string, string> = { hourly: '1h', daily: '24h' };
const DEFAULT_INTERVAL_MS = 360_000;

/** Text that can be an argument of a process. */
const word = z.string().refine((text) => !text.includes('\0'), 'must not contain a NUL byte');

const interval = z
  .union([z.string(), z.number()])
  .transform((value, context) => {
    const ms = typeof value === 'string' ? parseDuration(WORDS[value] ?? value) : undefined;
    if (ms === undefined) {
      context.addIssue({
        code: 'custom',
        message: `"${value}" is no duration; write it as 360s, 5m, 1h, hourly or daily`,
      });
      return z.NEVER;
    }
    return ms;
  })
  .refine((ms) => ms >= 100, 'must be 100ms or longer')
  .describe('From the start of one run to the start of the next: a duration, `hourly` or `daily`; default: 6m');

const frequency = z
  .union([z.string(), z.number()])
  .transform((value, context) => {
    const text = String(value);
    const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseDuration(WORDS[text] ?? text);
    if (ms === undefined) {
      context.addIssue({ code: 'custom', message: `"${value}" is neither a number of seconds nor a duration` });
      return z.NEVER;
    }
    return ms;
  })
  .refine((ms) => ms >= 100, 'must be 1 or more')
  .describe('The same as `interval` under its ossec.conf name; a bare number is seconds');

/** Matches nothing it should not: an expression that cannot be compiled is an error of the configuration. */
const expression = z.string().transform((text, context) => {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

const capability = z.string().transform((text, context) => {
  const name = parseCapability(text);
  if (name !== undefined) return name;
  context.addIssue({ code: 'custom', message: `"${text}" is no Linux capability; they are named like CAP_SYS_PTRACE` });
  return z.NEVER;
});

const normalize = z
  .strictObject({
    trim: z.boolean().default(false).describe('Remove blanks at both ends of every line'),
    columns: z
      .array(z.int().min(1).max(1000))
      .min(1)
      .optional()
      .describe('Keep these columns (separated by blanks, counted from 1), in this order'),
    ignore: z.array(expression).default([]).describe('Leave out lines that match one of these regular expressions'),
    sort: z.boolean().default(false).describe('Sort the lines'),
  })
  .prefault({})
  .describe('What is done to the output before it is compared: trim, columns, ignore, sort, in this order');

export const commandSchema = z
  .strictObject({
    command: z
      .union([word.min(1), z.array(word).min(1)])
      .describe('A string runs in `/bin/sh -c`; a list is a program and its arguments, run without a shell'),
    alias: z
      .string()
      .min(1)
      .max(1024)
      .regex(/^[^\x00-\x1f\x7f]*$/, 'must be one line without control characters')
      .optional()
      .describe('Name by which rules know the output; default: the text of the command'),
    format: z
      .enum(['full_command', 'command'])
      .default('full_command')
      .describe('`full_command`: the whole output is one event; `command`: each line is one'),
    interval: interval.optional(),
    frequency: frequency.optional(),
    initial_delay: duration().prefault('0s').describe('Wait before the first run'),
    jitter: duration()
      .optional()
      .describe('Longest random delay added to the interval; default: a tenth of it, at most 2s'),
    timeout: duration().prefault('30s').describe('A run that takes longer is killed with all its children'),
    kill_grace: duration().prefault('5s').describe('Time between SIGTERM and SIGKILL'),
    max_output: z
      .int()
      .min(1)
      .max(64 * 1024 * 1024)
      .default(65_024)
      .describe('Bytes; a run that prints more is ended and reported as truncated'),
    stderr: z
      .enum(['event', 'ignore', 'merge'])
      .default('event')
      .describe('`event`: reported by a health event when it changes; `merge`: part of the output'),
    max_stderr: z
      .int()
      .min(0)
      .max(1024 * 1024)
      .default(4096)
      .describe('Bytes of standard error that are kept'),
    user: z
      .union([z.string().min(1), z.int().min(0)])
      .optional()
      .describe('Run as this user (name or number); needs root'),
    group: z
      .union([z.string().min(1), z.int().min(0)])
      .optional()
      .describe("Default: the user's primary group"),
    capabilities: z
      .array(capability)
      .default([])
      .describe('Linux capabilities that the command keeps of those this process has, such as `CAP_SYS_PTRACE`'),
    cwd: word.min(1).default('/').describe('Working directory'),
    env: z
      .record(
        z.string().regex(/^[^=\0]+$/, 'is no name of a variable'),
        z.union([word, z.number(), z.boolean()]).transform(String),
      )
      .default({})
      .describe('Variables besides PATH and LC_ALL=C; nothing else is passed on'),
    normalize,
    report_interval: duration()
      .prefault('1h')
      .describe('A failure that goes on unchanged is reported again after this time'),
    storage: z.string().optional().describe('Storage extension for the run counter; default: the embedded store'),
  })
  .check((context) => {
    const { value } = context;
    if (value.interval !== undefined && value.frequency !== undefined) {
      context.issues.push({
        code: 'custom',
        input: value.frequency,
        path: ['frequency'],
        message: 'interval and frequency are the same setting; give one of them',
      });
    }
    if (Array.isArray(value.command) && value.command[0] === '') {
      context.issues.push({ code: 'custom', input: '', path: ['command', 0], message: 'the program has no name' });
    }
    if (value.timeout === 0) {
      context.issues.push({ code: 'custom', input: 0, path: ['timeout'], message: 'a command needs a timeout' });
    }
  });

export type CommandConfig = z.output<typeof commandSchema>;
export type NormalizeConfig = CommandConfig['normalize'];

export function intervalOf(config: CommandConfig): number {
  return config.interval ?? config.frequency ?? DEFAULT_INTERVAL_MS;
}

export function jitterOf(config: CommandConfig): number {
  return config.jitter ?? Math.min(2000, intervalOf(config) / 10);
}

/** What rules see between the quotes of `ossec: output: '...'`: one line also where the command was written on several. */
export function aliasOf(config: CommandConfig): string {
  if (config.alias !== undefined) return config.alias;
  const text = typeof config.command === 'string' ? config.command : config.command.join(' ');
  return text.trim().replace(/\s*[\x00-\x1f\x7f]+\s*/g, ' ');
}
