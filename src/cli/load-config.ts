import { formatConfigDiagnostic } from '../confmap/diagnostics.ts';
import { type LoadResult, loadConfig } from '../confmap/load.ts';
import { redactUrl } from '../pdata/redact.ts';
import { COMMAND_TYPES, factories } from './components.ts';
import type { ConfigOptions } from './config-options.ts';
import { type CliIo, write } from './io.ts';

export function loadConfigOf(options: ConfigOptions, env: CliIo['env']): LoadResult {
  return loadConfig({
    files: options.config,
    sets: options.set,
    env,
    factories,
    commandTypes: COMMAND_TYPES,
    allowWritable: options.allowWritableConfig,
  });
}

/** Prints every finding on standard error; how many there are of each kind. */
export async function printDiagnostics(
  io: CliIo,
  { diagnostics }: LoadResult,
): Promise<{ errors: number; warnings: number }> {
  for (const diagnostic of diagnostics) await write(io.stderr, `${redactUrl(formatConfigDiagnostic(diagnostic))}\n`);
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  return { errors, warnings: diagnostics.length - errors };
}
