import { commandSchema } from '../../../src/receiver/command/config.ts';
import { CommandReceiver } from '../../../src/receiver/command/receiver.ts';
import type { CommandSpec } from '../../../src/receiver/command/run.ts';
import { CollectingIntake } from '../../support/consumers.ts';
import { createTestHost, createTestSettings, type TestHost, type TestSettings } from '../../support/settings.ts';

export function createSpec(script: string, overrides: Partial<CommandSpec> = {}): CommandSpec {
  return {
    file: '/bin/sh',
    args: ['-c', script],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    timeoutMs: 60_000,
    killGraceMs: 5000,
    maxOutput: 65_024,
    maxStderr: 4096,
    ...overrides,
  };
}

export interface Setup {
  receiver: CommandReceiver;
  intake: CollectingIntake;
  settings: TestSettings;
  host: TestHost;
}

/** A receiver that has not been started; its jitter is nothing unless `random` says so. */
export function createReceiver(
  config: object,
  options: { host?: TestHost; settings?: TestSettings; random?: () => number } = {},
): Setup {
  const settings = options.settings ?? createTestSettings({ id: 'command/test' });
  const host = options.host ?? createTestHost();
  const intake = new CollectingIntake(host.defaultStore);
  const receiver = new CommandReceiver(settings, commandSchema.parse(config), intake, options.random ?? (() => 0));
  return { receiver, intake, settings, host };
}

/** Resolves when the condition holds; looks again after each turn of the event loop. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Whether a process runs; one that has ended and waits for its parent does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}
