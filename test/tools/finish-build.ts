/**
 * What the compiler leaves to do: generated code, data and hand-kept declarations are copied beside the compiled code,
 * and in a clone `npx otel-hids` is made to find the result.
 */
import { chmodSync, cpSync, existsSync, globSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'src');
const target = join(root, 'dist');

for (const file of globSync('**/*', { cwd: source, withFileTypes: true })) {
  const isCompiled = file.name.endsWith('.ts') && !file.name.endsWith('.d.ts');
  if (!file.isFile() || isCompiled || file.name.startsWith('tsconfig')) continue;
  const from = join(file.parentPath, file.name);
  cpSync(from, from.replace(source, target));
}

const main = join(target, 'cli', 'main.js');
chmodSync(main, 0o755);
const bin = join(root, 'node_modules', '.bin');
if (existsSync(bin)) {
  rmSync(join(bin, 'otel-hids'), { force: true });
  symlinkSync('../../dist/cli/main.js', join(bin, 'otel-hids'));
}
