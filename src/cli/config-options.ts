import type { Command } from 'commander';

export interface ConfigOptions {
  config: string[];
  set: string[];
  allowWritableConfig?: boolean;
}

/** `--config`, `--set` and what belongs to them: the same for every command that reads a configuration. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file; repeat to merge several, the later one wins', collect, [])
    .option(
      '--set <path=value>',
      'a setting over the files, as in receivers.command.interval=5m; repeatable',
      collect,
      [],
    )
    .option('--allow-writable-config', 'take configuration with commands that others may write to');
}

export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
