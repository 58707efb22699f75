import { z } from 'zod';

const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION = /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*$/;

/** Milliseconds of a Go duration such as `1m30s`, `200ms` or `0`; undefined where the text is none. */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0+$/.test(text)) return 0;
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(amount) * UNIT_MS[unit];
  }
  return text.startsWith('-') ? -total : total;
}

/** A configuration value that is a Go duration; in code it is milliseconds. Negative durations are refused. */
export function duration() {
  return z
    .union([z.string(), z.literal(0)])
    .transform((value, context) => {
      const ms = value === 0 ? 0 : parseDuration(value);
      if (ms === undefined || ms < 0) {
        context.addIssue({ code: 'custom', message: `"${value}" is no duration; write it as 300ms, 5s, 1m30s or 2h` });
        return z.NEVER;
      }
      return ms;
    })
    .meta({ description: 'Go duration such as 300ms, 5s, 1m30s' });
}
