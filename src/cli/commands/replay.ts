import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import type { Registry } from '../registry.ts';

export interface ReplayOptions extends ConfigOptions {
  exporter?: string;
}

export function registerReplay({ program, io, action }: Registry): void {
  const command = program
    .command('replay')
    .description('send dead letters (or any file of OTLP/JSON requests) again; what is still refused is printed')
    .argument('<file>', 'one request a line');
  addConfigOptions(command)
    .option('--exporter <id>', 'the otlp_http exporter to send with, where there are several')
    .action(
      action(async (file: string, options: ReplayOptions) => (await import('../replay.ts')).replay(file, options, io)),
    );
}
