import { z } from 'zod';
import { authSchema } from '../../config/auth.ts';
import { byteSize } from '../../config/byte-size.ts';
import { duration } from '../../config/duration.ts';
import { sendingQueueSchema, validateSendingQueue } from '../../config/queue.ts';
import { retryOnFailureSchema, validateRetry } from '../../config/retry.ts';
import { optionalSection, section } from '../../config/section.ts';
import { clientTlsSchema } from '../../config/tls.ts';

const deadLetter = z.strictObject({
  path: z
    .string()
    .min(1)
    .optional()
    .describe('File for what the other side will never take; default: dead-letter/ID.jsonl in the data directory'),
  max_megabytes: z.number().positive().default(100).describe('A larger file gives way to a new one'),
  max_backups: z.int().min(1).default(10).describe('Older files are deleted, and what they held is counted'),
});

const request = z.strictObject({
  max_records: z.int().min(1).default(1000).describe('Records that one request holds at most'),
  max_bytes: byteSize(1024, 64 * 2 ** 20)
    .prefault('1MiB')
    .describe('Size of a request before compression; a single record may be larger'),
});

/** Keys without a default here take the environment's value, then the default that the text names. */
export const otlpHttpSchema = z.strictObject({
  endpoint: z
    .string()
    .min(1)
    .optional()
    .describe('Base URL, to which /v1/logs is added; default: OTEL_EXPORTER_OTLP_ENDPOINT, http://localhost:4318'),
  logs_endpoint: z.string().min(1).optional().describe('Whole URL for logs; goes before endpoint'),
  encoding: z.enum(['proto', 'json']).optional().describe('Default proto'),
  headers: z.record(z.string(), z.string()).optional().describe('Sent with every request, such as X-Scope-OrgID'),
  timeout: duration().optional().describe('For one attempt, answer included; 0: no limit; default 30s'),
  compression: z.enum(['gzip', 'none']).optional().describe('Default gzip'),
  tls: section(clientTlsSchema).describe('For https endpoints'),
  auth: optionalSection(authSchema).describe('Extension that gives the credentials'),
  request: section(request).describe('Bounds of a request; what waits is joined up to them'),
  sending_queue: sendingQueueSchema.describe('Requests on disk that wait to be delivered'),
  retry_on_failure: retryOnFailureSchema.describe('Attempts after one that may succeed later'),
  dead_letter: section(deadLetter).describe('What is kept that the other side will never take'),
});

export type OtlpHttpConfig = z.output<typeof otlpHttpSchema>;

/** Header names and values that HTTP allows. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Pure checks beyond the schema, after the environment has been added. */
export function validateOtlpHttp(config: OtlpHttpConfig): string[] {
  const problems = [...validateSendingQueue(config.sending_queue), ...validateRetry(config.retry_on_failure)];
  for (const key of ['endpoint', 'logs_endpoint'] as const) {
    const text = config[key];
    if (text !== undefined) problems.push(...validateUrl(text).map((problem) => `${key}: ${problem}`));
  }
  for (const [name, value] of Object.entries(config.headers ?? {})) {
    if (!HEADER_NAME.test(name)) problems.push(`headers.${name}: no name of a header`);
    else if (!HEADER_VALUE.test(value)) problems.push(`headers.${name}: the value has characters that HTTP refuses`);
  }
  if ((config.tls.cert_file === undefined) !== (config.tls.key_file === undefined)) {
    problems.push('tls: cert_file and key_file belong together');
  }
  return problems;
}

/** What is wrong with the URL of a backend. */
export function validateUrl(text: string): string[] {
  const url = URL.parse(text);
  if (!url) return [`"${text}" is no URL; write it as http://127.0.0.1:4318`];
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return [`"${text}" must begin with http:// or https://`];
  if (url.username !== '' || url.password !== '') return ['put credentials into headers or an extension, not the URL'];
  return [];
}
