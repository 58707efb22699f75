import type { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Logger } from '../component/host.ts';
import type { TelemetryConfig } from '../confmap/service.ts';
import { printableLine } from '../pdata/printable.ts';
import { redactUrl } from '../pdata/redact.ts';

/**
 * Structured logs, one line each. Texts that come from outside cannot break a line or act on a terminal, and passwords in
 * addresses are left out.
 */
export function createLogger(config: TelemetryConfig['logs'], output: Writable): Logger {
  const print = config.encoding === 'console' ? formatForPeople : (line: string) => line;
  return pino(
    {
      level: config.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => clean(fields) as Record<string, unknown> },
    },
    { write: (line: string) => output.write(print(line)) },
  );
}

const MAX_DEPTH = 5;

function clean(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactUrl(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[...]';
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const code = (value as NodeJS.ErrnoException).code;
    const fields = { type: name, message: redactUrl(message), stack: stack && redactUrl(stack) };
    return {
      ...fields,
      ...(code !== undefined && { code }),
      ...(cause !== undefined && { cause: clean(cause, depth + 1) }),
    };
  }
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, clean(item, depth + 1)]));
}

function formatForPeople(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${printableLine(textOf(value))}`);
  return `${String(time).slice(11, 19)} ${String(level).toUpperCase().padEnd(5)} ${[printableLine(String(msg)), ...rest].join('  ')}\n`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const message = (value as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : JSON.stringify(value);
}
