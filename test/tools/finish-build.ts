/** What the compiler leaves to do: generated code, data and hand-kept declarations are copied beside the compiled code. */
import { chmodSync, cpSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram } from './bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'src');
const target = join(root, 'dist');

for (const file of globSync('**/*', { cwd: source, withFileTypes: true })) {
  const isCompiled = file.name.endsWith('.ts') && !file.name.endsWith('.d.ts');
  if (!file.isFile() || isCompiled || file.name.startsWith('tsconfig')) continue;
  const from = join(file.parentPath, file.name);
  cpSync(from, from.replace(source, target));
}

await bundleProgram(root);

// npm does this when it links a command of a package, but not for a file that is built later.
chmodSync(join(target, 'cli', 'main.js'), 0o755);
