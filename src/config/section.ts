import type { z } from 'zod';

/**
 * A part of the configuration that is off when absent and takes its defaults when it has no value (`http:`), as the
 * Collector reads it.
 */
export function optionalSection<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => (value === null ? schema.parse({}) : (value ?? undefined)));
}

/** A part of the configuration that is always on: absent or without a value (`sending_queue:`) it takes its defaults. */
export function section<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => value ?? schema.parse({}));
}
