import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { factories } from '../../src/cli/components.ts';
import { createConfigSchema } from '../../src/confmap/json-schema.ts';
import { serviceSchema } from '../../src/confmap/service.ts';
import { createSettingsTable } from '../../src/confmap/settings-table.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const BEGIN = '<!-- settings: generated, npm run generate -->';
const END = '<!-- end of settings -->';

/** Files that are written from the schemas, with what they should hold. */
export function generateDocs(): Map<string, string> {
  const files = new Map<string, string>();
  files.set('config/otel-hids.schema.json', `${JSON.stringify(createConfigSchema(factories), null, 2)}\n`);
  const documents: [file: string, schema: z.ZodType][] = [['docs/configuration.md', serviceSchema]];
  for (const [section, list] of sections()) {
    for (const { type, schema } of list) documents.push([`src/${section.replace(/s$/, '')}/${type}/README.md`, schema]);
  }
  for (const [file, schema] of documents) {
    const text = existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : '';
    const begin = text.indexOf(BEGIN);
    const end = text.indexOf(END);
    if (begin < 0 || end < begin) continue;
    files.set(file, `${text.slice(0, begin + BEGIN.length)}\n${createSettingsTable(schema)}\n${text.slice(end)}`);
  }
  return files;
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
