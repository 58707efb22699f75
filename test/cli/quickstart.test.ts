import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { cli } from './helpers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONFIG = join(ROOT, 'config/quickstart.yaml');
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

/** The quickstart as it is, only faster and with its state elsewhere; resolves with what it printed when a line matches. */
async function runUntil(pattern: RegExp, options: { args?: string[]; onBaseline(): Promise<void> }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'otel-hids-quickstart-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const sets = [
    'receivers.command/listening.interval=300ms',
    'processors.ruleset.alert_level=2',
    ...(options.args ?? []),
  ];
  const argv = ['src/cli/main.ts', 'run', '--config', CONFIG, '--data-dir', folder, '--allow-writable-config'];
  const child = spawn(process.execPath, [...argv, ...sets.flatMap((set) => ['--set', set])], { cwd: ROOT });
  cleanups.push(() => child.kill('SIGKILL'));
  let text = '';
  let errors = '';
  let ready = false;
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  for await (const chunk of child.stdout) {
    text += chunk;
    if (!ready && /rule 199030[^\n]*\n[^\n]*\n[^\n]*subject='533'/.test(text)) {
      ready = true;
      await options.onBaseline();
    }
    if (pattern.test(text)) break;
  }
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode, errors).toBe(0);
  return text;
}

async function openPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return (server.address() as { port: number }).port;
}

describe('quickstart', () => {
  it('alerts when a real port is opened', async () => {
    let port = 0;
    const text = await runUntil(/rule 533[\s\S]*changed[\s\S]*\n {6}\+/, {
      onBaseline: async () => {
        port = await openPort();
      },
    });
    expect(text).toContain(`127.0.0.1:${port}`);
  });

  it('does so where neither ss nor netstat is installed', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'otel-hids-bin-'));
    cleanups.push(() => rmSync(bin, { recursive: true }));
    mkdirSync(join(bin, 'bin'));
    symlinkSync('/usr/bin/sort', join(bin, 'bin', 'sort'));
    let port = 0;
    const text = await runUntil(/rule 533[\s\S]*changed[\s\S]*\n {6}\+/, {
      args: [`receivers::command/listening::env::PATH=${bin}/bin`],
      onBaseline: async () => {
        port = await openPort();
      },
    });
    expect(text).toContain(`+tcp ${port}`);
  });

  it('is described by its script as it is configured', async () => {
    const script = readFileSync(join(ROOT, 'config/quickstart.sh'), 'utf8');
    const yaml = readFileSync(CONFIG, 'utf8');
    const rules = readFileSync(join(ROOT, 'config/quickstart/quickstart_rules.xml'), 'utf8');
    for (const [name, seconds] of [
      ['listening ports', 3],
      ['running programs', 4],
      ['logins', 5],
    ]) {
      expect(script).toMatch(new RegExp(`${name} +every ${seconds} seconds`));
      expect(yaml).toMatch(new RegExp(`alias: (netstat )?${name}\\n +interval: ${seconds}s`));
    }
    for (const id of ['100001', '100002']) {
      expect(script).toContain(`rule ${id}, level 5`);
      expect(rules).toContain(`id="${id}" level="5"`);
    }
    const result = await cli(['validate', '--config', CONFIG, '--allow-writable-config']);
    expect(result).toMatchObject({ code: 0, stderr: 'valid: 0 errors, 0 warnings\n' });
  });
});
