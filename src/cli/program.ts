import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { registerCompare } from './commands/compare.ts';
import { registerComponents } from './commands/components.ts';
import { registerLint } from './commands/lint.ts';
import { registerList } from './commands/list.ts';
import { registerLogtest } from './commands/logtest.ts';
import { registerNotBuilt } from './commands/not-built.ts';
import { registerPrintConfig } from './commands/print-config.ts';
import { registerReplay } from './commands/replay.ts';
import { registerRun } from './commands/run.ts';
import { registerTest } from './commands/test.ts';
import { registerValidate } from './commands/validate.ts';
import type { CliIo, ExitCode } from './io.ts';
import type { Registry } from './registry.ts';

/** Runs one command line and says with which code the process should end. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  let exitCode: ExitCode = 0;
  const program = new Command('otel-hids')
    .description('Host intrusion detection inside an OpenTelemetry logs pipeline')
    .version(VERSION)
    .showHelpAfterError('(add --help for usage)')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) });
  const registry: Registry = {
    program,
    io,
    action:
      (run) =>
      async (...args) => {
        exitCode = await run(...args);
      },
  };
  for (const register of [
    registerRun,
    registerValidate,
    registerPrintConfig,
    registerComponents,
    registerLogtest,
    registerTest,
    registerLint,
    registerCompare,
    registerList,
    registerReplay,
    registerNotBuilt,
  ])
    register(registry);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}
