import { printConfig } from '../../confmap/redact.ts';
import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import { write } from '../io.ts';
import type { Registry } from '../registry.ts';

export function registerPrintConfig({ program, io, action }: Registry): void {
  const command = program
    .command('print-config')
    .description('the merged configuration, with the environment put in and secrets redacted');
  addConfigOptions(command).action(
    action(async (options: ConfigOptions) => {
      const { loadConfigOf, printDiagnostics } = await import('../load-config.ts');
      const result = loadConfigOf(options, io.env);
      const { errors } = await printDiagnostics(io, result);
      await write(io.stdout, printConfig(result.merged));
      return errors > 0 ? 1 : 0;
    }),
  );
}
