import type { z } from 'zod';
import type { Factories } from './config.ts';
import { type JsonSchema, toJsonSchema } from './schema-walk.ts';
import { serviceSchema } from './service.ts';

/** The JSON Schema of a whole configuration, for editors; a key without a value is as good as an empty map. */
export function createConfigSchema(factories: Factories): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'otel-hids configuration',
    type: 'object',
    properties: {
      extensions: section(factories.extensions),
      receivers: section(factories.receivers),
      processors: section(factories.processors),
      exporters: section(factories.exporters),
      service: toJsonSchema(serviceSchema),
    },
    patternProperties: { '^(x-|\\.)': {} },
    additionalProperties: false,
    required: ['service'],
  };
}

function section(factories: readonly { type: string; description: string; schema: z.ZodType }[]): JsonSchema {
  const patterns = factories.map(({ type, description, schema }) => {
    const json = toJsonSchema(schema);
    const optional: JsonSchema = { description, anyOf: [json, { type: 'null' }] };
    return [`^${type}(/.+)?$`, json.required?.length ? { description, ...json } : optional] as const;
  });
  return { type: ['object', 'null'], patternProperties: Object.fromEntries(patterns), additionalProperties: false };
}
