import { type Command, Option } from 'commander';
import { addConfigOptions, type ConfigOptions } from '../config-options.ts';
import type { Registry } from '../registry.ts';

/** Says which store the list is in. */
export interface StoreFlags extends ConfigOptions {
  store?: string;
  storage?: string;
  dataDir?: string;
}

export interface ListFileFlags extends StoreFlags {
  dialect: 'wazuh' | 'ossec';
}

export interface ImportFlags extends ListFileFlags {
  merge?: boolean;
  allowEmpty?: boolean;
}

export function registerList({ program, io, action }: Registry): void {
  const list = program
    .command('list')
    .description('read and edit a shared list (keyv:NAME), also while pipelines run; readers see it within seconds');
  const add = (name: string, description: string): Command =>
    addStoreOptions(list.command(name).description(description).argument('<name>', 'as in keyv:NAME'));

  add('get', 'print the value of a key; without one, how many entries there are and who changed them last')
    .argument('[key]')
    .action(
      action(async (name: string, key: string | undefined, flags: StoreFlags) =>
        (await load()).getEntry(name, key, flags, io),
      ),
    );
  add('set', 'add a key, or give it another value')
    .argument('<key>')
    .argument('[value]', 'empty where it is left out', '')
    .action(
      action(async (name: string, key: string, value: string, flags: StoreFlags) =>
        (await load()).setEntry(name, key, value, flags, io),
      ),
    );
  add('del', 'remove keys')
    .argument('<key...>')
    .action(
      action(async (name: string, keys: string[], flags: StoreFlags) =>
        (await load()).deleteEntries(name, keys, flags, io),
      ),
    );
  addDialect(add('import', 'make the list what a file of key:value lines says'))
    .argument('<file>', 'text of a CDB list; - for standard input')
    .option('--merge', 'keep entries that the file does not name')
    .option('--allow-empty', 'take a file without entries, which empties the list')
    .action(
      action(async (name: string, file: string, flags: ImportFlags) =>
        (await load()).importEntries(name, file, flags, io),
      ),
    );
  addDialect(add('export', 'print all entries as text of a CDB list, in order of their keys')).action(
    action(async (name: string, flags: ListFileFlags) => (await load()).exportEntries(name, flags, io)),
  );
}

function load(): Promise<typeof import('../list/commands.ts')> {
  return import('../list/commands.ts');
}

function addStoreOptions(command: Command): Command {
  return addConfigOptions(command)
    .option('--store <uri>', 'the store itself: sqlite:///path, redis://, valkey://, postgres:// ...')
    .option('--storage <id>', 'the keyv_storage extension of the configuration, where there are several')
    .option('--data-dir <dir>', 'where run keeps its state, where no storage is configured');
}

function addDialect(command: Command): Command {
  return command.addOption(
    new Option('--dialect <dialect>', 'whose text of a list').choices(['wazuh', 'ossec']).default('wazuh'),
  );
}
