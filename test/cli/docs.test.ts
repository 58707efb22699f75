import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/rule-tools.md`, 'utf8');

const commands = [...PAGE.matchAll(/```console\n\$ (.*)\n([\s\S]*?)```/g)].map(([, command = '', output = '']) => ({
  command,
  output,
}));

describe('docs/rule-tools.md', () => {
  it('shows commands', () => {
    expect(commands.length).toBeGreaterThan(5);
  });

  it.each(commands)('$command', ({ command, output }) => {
    const real = command.replace('npx otel-hids', `"${process.execPath}" src/cli/main.ts`);
    const { stdout, stderr } = spawnSync('sh', ['-c', real], { cwd: ROOT, encoding: 'utf8' });
    const actual = `${stdout}${stderr}`.replaceAll(ROOT, '');
    // A line of dots stands for what is left out.
    let rest = actual;
    for (const part of output.split(/^\.\.\.\n/m)) {
      const found = rest.indexOf(part);
      expect(found, `${part}\nin\n${rest}`).toBeGreaterThanOrEqual(0);
      rest = rest.slice(found + part.length);
    }
    if (!output.includes('...\n')) expect(actual).toBe(output);
  });

  it('shows a test file that exists', () => {
    expect(PAGE).toContain(readFileSync(`${ROOT}test/fixtures/rule-tools/sshd.yaml`, 'utf8'));
  });
});
