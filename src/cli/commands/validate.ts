import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import type { Registry } from '../registry.ts';

export function registerValidate({ program, io, action }: Registry): void {
  const command = program
    .command('validate')
    .description('load everything, start nothing, and print every finding; exit 1 on an error');
  addConfigOptions(command).action(
    action(async (options: ConfigOptions) => (await import('../validate.ts')).validate(options, io)),
  );
}
