import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { factories } from '../../src/cli/components.ts';
import { createConfigSchema } from '../../src/confmap/json-schema.ts';
import { serviceSchema } from '../../src/confmap/service.ts';
import { createSettingsTable } from '../../src/confmap/settings-table.ts';
import { SEMANTIC_FIELDS } from '../../src/processor/ruleset/alert/semantic-fields.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const BEGIN = '<!-- settings: generated, npm run generate -->';
const END = '<!-- end of settings -->';
const FIELDS_BEGIN = '<!-- fields: generated, npm run generate -->';
const FIELDS_END = '<!-- end of fields -->';

/** Files that are written from the schemas, with what they should hold. */
export function generateDocs(): Map<string, string> {
  const files = new Map<string, string>();
  files.set('config/otel-hids.schema.json', `${JSON.stringify(createConfigSchema(factories), null, 2)}\n`);
  const documents: [file: string, schema: z.ZodType][] = [['docs/configuration.md', serviceSchema]];
  for (const [section, list] of sections()) {
    for (const { type, schema } of list) documents.push([`src/${section.replace(/s$/, '')}/${type}/README.md`, schema]);
  }
  for (const [file, schema] of documents) {
    const text = replaceBetween(file, BEGIN, END, createSettingsTable(schema));
    if (text !== undefined) files.set(file, text);
  }
  const attributes = replaceBetween('docs/attributes.md', FIELDS_BEGIN, FIELDS_END, createFieldsTable());
  if (attributes !== undefined) files.set('docs/attributes.md', attributes);
  return files;
}

/** The document with a new text between the markers; undefined where it or they are missing. */
function replaceBetween(file: string, beginMark: string, endMark: string, content: string): string | undefined {
  const text = existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : '';
  const begin = text.indexOf(beginMark);
  const end = text.indexOf(endMark);
  if (begin < 0 || end < begin) return undefined;
  return `${text.slice(0, begin + beginMark.length)}\n${content}\n${text.slice(end)}`;
}

function createFieldsTable(): string {
  const rows = SEMANTIC_FIELDS.map(({ field, attribute, type }) => `| \`${field}\` | \`${attribute}\` | ${type} |`);
  return ['| field | attribute | type |', '| --- | --- | --- |', ...rows].join('\n');
}

/** Folders of components, as paths from the root. */
export function componentFolders(): string[] {
  return globSync('src/{extension,receiver,processor,exporter}/*/factory.ts', { cwd: ROOT }).map(dirname).sort();
}

/** `receiver/command` for each factory of the list. */
export function listedComponents(): string[] {
  return sections().flatMap(([section, list]) => list.map(({ type }) => `src/${section.replace(/s$/, '')}/${type}`));
}

function sections(): [string, readonly { type: string; schema: z.ZodType }[]][] {
  return Object.entries(factories);
}
