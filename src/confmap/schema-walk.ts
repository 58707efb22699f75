import { z } from 'zod';
import type { ConfigNode } from './node.ts';
import { isNull } from './node.ts';

/** The parts of JSON Schema that our zod schemas come out as. */
export interface JsonSchema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  patternProperties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  writeOnly?: boolean;
  [key: string]: unknown;
}

/** What may be written in YAML for a schema (before defaults and conversions). */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _version, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return rest;
}

/** All alternatives of a schema, itself included. */
function* alternatives(schema: JsonSchema): Iterable<JsonSchema> {
  yield schema;
  for (const option of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]) {
    yield* alternatives(option);
  }
}

/** The schemas a key of a map may have. */
export function schemasOf(schemas: readonly JsonSchema[], key: string | number): JsonSchema[] {
  const found: JsonSchema[] = [];
  for (const schema of schemas.flatMap((item) => [...alternatives(item)])) {
    if (typeof key === 'number') {
      if (schema.items) found.push(schema.items);
      continue;
    }
    const property = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (property) found.push(property);
    else if (typeof schema.additionalProperties === 'object') found.push(schema.additionalProperties);
  }
  return found;
}

/** Keys that are known at a place. */
export function knownKeys(schemas: readonly JsonSchema[]): string[] {
  const options = schemas.flatMap((item) => [...alternatives(item)]);
  return [...new Set(options.flatMap((schema) => Object.keys(schema.properties ?? {})))];
}

function acceptsMap(schemas: readonly JsonSchema[]): boolean {
  const options = schemas.flatMap((item) => [...alternatives(item)]);
  return options.some((schema) => schema.type === 'object' || schema.properties !== undefined);
}

function acceptsNull(schemas: readonly JsonSchema[]): boolean {
  const options = schemas.flatMap((item) => [...alternatives(item)]);
  return options.some(
    (schema) => schema.type === 'null' || (Array.isArray(schema.type) && schema.type.includes('null')),
  );
}

/**
 * A key without a value takes its defaults: where a map may stand it becomes an empty one (`http:` switches the protocol
 * on), elsewhere it is as if it had not been written. Values inside lists stay as they are.
 */
export function fillEmpty(node: ConfigNode, schemas: readonly JsonSchema[]): ConfigNode {
  if (node.kind === 'sequence') {
    return { ...node, items: node.items.map((item, index) => fillEmpty(item, schemasOf(schemas, index))) };
  }
  if (node.kind !== 'map') return node;
  const entries = new Map<string, { place: typeof node.place; value: ConfigNode }>();
  for (const [key, entry] of node.entries) {
    const inner = schemasOf(schemas, key);
    if (!isNull(entry.value) || acceptsNull(inner)) {
      entries.set(key, { place: entry.place, value: fillEmpty(entry.value, inner) });
    } else if (acceptsMap(inner)) {
      entries.set(key, { place: entry.place, value: { kind: 'map', place: entry.value.place, entries: new Map() } });
    } else if (inner.length === 0) entries.set(key, entry);
  }
  return { ...node, entries };
}
