/** Puts beside the compiled code what the compiler does not write: generated code, data, declarations kept by hand. */
import { cpSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
for (const file of globSync('**/*', { cwd: join(root, 'src'), withFileTypes: true })) {
  const isSource = file.name.endsWith('.ts') && !file.name.endsWith('.d.ts');
  if (!file.isFile() || isSource || file.name.startsWith('tsconfig')) continue;
  const from = join(file.parentPath, file.name);
  cpSync(from, from.replace(join(root, 'src'), join(root, 'dist')));
}
