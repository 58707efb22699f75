import type { z } from 'zod';

/**
 * A part of the configuration that is off when absent and takes its defaults when it has no value (`http:`), as the
 * Collector reads it.
 */
export function optionalSection<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => (value === null ? schema.parse({}) : (value ?? undefined)));
}
