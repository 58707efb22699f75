import { z } from 'zod';

const FACTOR: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Bytes of a size such as `1MiB`, `16KiB`, `1kb` or `4096`; undefined where the text is none. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const factor = match && FACTOR[match[2].toLowerCase()];
  return factor ? Math.round(Number(match[1]) * factor) : undefined;
}

/** A configuration value that is a number of bytes between the two bounds, both included. */
export function byteSize(min: number, max: number) {
  return z
    .union([z.number(), z.string()])
    .transform((value, context) => {
      const bytes = typeof value === 'number' ? value : parseByteSize(value);
      if (bytes === undefined || !Number.isInteger(bytes)) {
        context.addIssue({ code: 'custom', message: `"${value}" is no size; write it as 4096, 16KiB or 1MiB` });
        return z.NEVER;
      }
      if (bytes < min || bytes > max) {
        context.addIssue({ code: 'custom', message: `${value} is not between ${min} and ${max} bytes` });
        return z.NEVER;
      }
      return bytes;
    })
    .meta({ description: 'Bytes, or a size such as 16KiB or 1MiB' });
}
