import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import type { Registry } from '../registry.ts';

export interface RunOptions extends ConfigOptions {
  dataDir?: string;
  shutdownTimeout: number;
}

export function registerRun({ program, io, action }: Registry): void {
  const command = program
    .command('run')
    .description('run the pipelines until SIGTERM or SIGINT; SIGHUP reads rules anew');
  addConfigOptions(command)
    .option('--data-dir <dir>', 'where state is kept (default: OTEL_HIDS_DATA_DIR, or /var/lib/otel-hids for root)')
    .addOption(
      new Option('--shutdown-timeout <duration>', 'how long draining may take')
        .default(30_000, '30s')
        .argParser(parseTimeout),
    )
    .action(action(async (options: RunOptions) => (await import('../run.ts')).run(options, io)));
}

function parseTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 0) throw new InvalidArgumentError('write it as 30s or 1m');
  return ms;
}
