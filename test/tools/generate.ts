/** Writes the JSON Schema and the settings tables of the READMEs from the schemas in the code. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateDocs, ROOT } from './docs.ts';

for (const [file, text] of generateDocs()) {
  writeFileSync(join(ROOT, file), text);
  process.stdout.write(`${file}\n`);
}
