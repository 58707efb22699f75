import type { z } from 'zod';
import { type JsonSchema, toJsonSchema } from './schema-walk.ts';

/**
 * A component's settings as a Markdown table: name, type, default, meaning; maps inside maps with dotted names. Columns
 * are padded as the formatter pads them.
 */
export function createSettingsTable(schema: z.ZodType): string {
  const rows = rowsOf(toJsonSchema(schema), '').map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const table = [['setting', 'type', 'default', 'meaning'], ...rows];
  const widths = table[0].map((_, column) => Math.max(3, ...table.map((cells) => cells[column].length)));
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const line = format(widths.map((width) => '-'.repeat(width)));
  return [format(table[0]), line, ...rows.map(format)].join('\n');
}

function rowsOf(schema: JsonSchema, prefix: string): string[][] {
  const rows: string[][] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const required = schema.required?.includes(name) ?? false;
    const inner = innerMap(property);
    rows.push([
      `\`${path}\``,
      typeOf(property),
      defaultOf(property, required, inner !== undefined),
      property.description ?? '',
    ]);
    if (inner) rows.push(...rowsOf(inner, path));
  }
  return rows;
}

/** The map that a setting is, or may be. */
function innerMap(schema: JsonSchema): JsonSchema | undefined {
  if (schema.properties) return schema;
  for (const option of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    const found = innerMap(option);
    if (found) return found;
  }
  return undefined;
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  const options = schema.anyOf ?? schema.oneOf;
  if (options) {
    const isDuration = options.length === 2 && options[0].type === 'string' && options[1].const === 0;
    return isDuration ? 'duration' : [...new Set(options.map(typeOf))].join(' or ');
  }
  if (Array.isArray(schema.type)) return schema.type.join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  if (schema.type === 'object') return 'map';
  return schema.type ?? 'anything';
}

function defaultOf(schema: JsonSchema, required: boolean, isMap: boolean): string {
  if (required) return '(required)';
  if (schema.default === undefined) return '';
  if (isMap && JSON.stringify(schema.default) === '{}') return '';
  return `\`${typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default)}\``;
}
