import { z } from 'zod';
import { parseDuration } from '../../config/duration.ts';

const HINT_TIME = 'a time is written as 2026-01-05T12:00:00Z or in seconds since 1970';
const HINT_DURATION = 'a duration is written as 30s, 5m or 1h30m';
const HINT_QUEUE = 'a queue is one character: 1 for log files, f for Windows event channels, d for inventory';
const MAX_REPEAT = 100_000;

/** Epoch milliseconds; a time without a zone is UTC. */
const time = z.union([z.number().nonnegative(), z.string()], HINT_TIME).transform((value, context) => {
  const ms = typeof value === 'number' ? value * 1000 : parseTime(value);
  if (!Number.isNaN(ms)) return ms;
  context.addIssue({ code: 'custom', message: HINT_TIME });
  return z.NEVER;
});

function parseTime(text: string): number {
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return Number.NaN;
  return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) || text.length === 10 ? text : `${text}Z`);
}

const duration = z.union([z.string(), z.number()], HINT_DURATION).transform((value, context) => {
  const ms = typeof value === 'number' ? value * 1000 : parseDuration(value);
  if (ms !== undefined && ms >= 0) return ms;
  context.addIssue({ code: 'custom', message: HINT_DURATION });
  return z.NEVER;
});

const text = z.union([z.string(), z.number(), z.boolean()], 'a text is needed').transform(String);
const textOrNone = z.union([z.string(), z.number(), z.boolean(), z.null()], 'a text is needed, or null for none');
const nullableText = textOrNone.transform((value) => (value === null ? null : String(value)));
const ruleId = z.union([z.string(), z.number()], 'a rule id is a number').transform((value, context) => {
  const id = String(value);
  if (/^\d+$/.test(id)) return id;
  context.addIssue({ code: 'custom', message: 'a rule id is a number' });
  return z.NEVER;
});

const queue = z.union([z.string(), z.number()], HINT_QUEUE).transform((value, context) => {
  if (/^[0-9a-z]$/.test(String(value))) return String(value);
  context.addIssue({ code: 'custom', message: HINT_QUEUE });
  return z.NEVER;
});

export const expectSchema = z.strictObject({
  program_name: nullableText.optional(),
  hostname: nullableText.optional(),
  decoder: nullableText.optional(),
  parent: nullableText.optional(),
  fields: z.record(z.string(), nullableText).optional(),
  rule: ruleId.optional(),
  absent: z.boolean('true or false').optional(),
  level: z.number('a level is a number').int().min(0).max(9999).optional(),
  description: text.optional(),
  groups: z.array(text).optional(),
  firedtimes: z.number().int().positive().optional(),
  alert: z.boolean('true or false').optional(),
});

const stepSchema = z.strictObject({
  log: z.string('a log is a text'),
  location: z.string().optional(),
  queue: queue.optional(),
  at: time.optional(),
  after: duration.optional(),
  repeat: z.number().int().min(1).max(MAX_REPEAT).optional(),
  expect: expectSchema.optional(),
});

const testSchema = z.strictObject({
  name: z.string('a test has a name'),
  location: z.string().optional(),
  queue: queue.optional(),
  start: time.optional(),
  logs: z
    .array(
      z.preprocess((value) => (typeof value === 'string' ? { log: value } : value), stepSchema),
      'logs are a list',
    )
    .min(1, 'a test has at least one log'),
  expect: expectSchema.optional(),
});

/** Our own rule tests: see docs/rule-tools.md. */
export const testFileSchema = z.strictObject({
  location: z.string().optional(),
  start: time.optional(),
  tests: z.array(testSchema, 'tests are a list').min(1, 'there is no test'),
});

export type TestFile = z.output<typeof testFileSchema>;
export type YamlTest = TestFile['tests'][number];
