import { statSync } from 'node:fs';
import { ConfigError } from '../../component/errors.ts';
import type { Config } from '../../confmap/config.ts';
import type { KeyvStorageConfig } from '../../extension/keyv_storage/config.ts';
import { keyvStorageFactory } from '../../extension/keyv_storage/factory.ts';
import type { RulesetConfig } from '../../processor/ruleset/config.ts';
import { rulesetFactory } from '../../processor/ruleset/factory.ts';
import { sqliteUri } from '../../storage/open.ts';
import { parseStoreUri, type StoreLocation } from '../../storage/uri.ts';
import type { StoreFlags } from '../commands/list.ts';
import { findDataDir, stateFile } from '../data-dir.ts';
import type { CliIo } from '../io.ts';
import { loadConfigOf, printDiagnostics } from '../load-config.ts';

/** Where the list is: what `--store` says, else what the configuration says, else the data directory. */
export interface FoundStore {
  readonly uri: string;
  readonly location: StoreLocation;
}

/**
 * Undefined where the configuration has errors, which are printed.
 * @throws ConfigError
 */
export async function findStore(flags: StoreFlags, io: CliIo): Promise<FoundStore | undefined> {
  if (flags.store !== undefined) {
    if (flags.config.length > 0) throw new ConfigError('--store and --config both name a store; leave one out');
    return found(flags.store);
  }
  const dataDir = findDataDir(flags.dataDir, io.env);
  if (flags.config.length === 0) return found(sqliteUri(stateFile(dataDir)));
  const loaded = loadConfigOf(flags, io.env);
  await printDiagnostics(io, loaded);
  if (loaded.config === undefined) return undefined;
  return found(storeOf(loaded.config, flags.storage) ?? sqliteUri(stateFile(dataDir)));
}

function found(uri: string): FoundStore {
  const location = parseStoreUri(uri);
  if (location.kind === 'memory') {
    throw new ConfigError('memory: ends with its process, so it holds no lists; use a file or a server');
  }
  return { uri, location };
}

/** The store that rulesets of the configuration read their lists from; undefined for that of the data directory. */
export function storeOf(config: Config, named: string | undefined): string | undefined {
  const { extensions, processors, service } = config;
  const started = service.extensions.length > 0 ? service.extensions : [...extensions.keys()];
  const ids = started.filter((id) => extensions.get(id)?.factory.type === keyvStorageFactory.type);
  const id = named ?? storageOfRulesets(processors) ?? ids[0];
  if (id === undefined) return undefined;
  const extension = ids.includes(id) ? extensions.get(id) : undefined;
  if (!extension) {
    const known = ids.length > 0 ? `there are ${ids.join(', ')}` : 'there is none';
    throw new ConfigError(`storage: "${id}" is no storage extension of this configuration (${known})`);
  }
  return (extension.config as KeyvStorageConfig).uri;
}

/** The one that all rulesets name; undefined where they name none. */
function storageOfRulesets(processors: Config['processors']): string | undefined {
  const named = [...processors.values()]
    .filter(({ factory }) => factory.type === rulesetFactory.type)
    .map(({ config }) => (config as RulesetConfig).storage);
  const different = [...new Set(named)];
  if (different.length > 1)
    throw new ConfigError('the rulesets use several stores; say which with --storage or --store');
  return different[0];
}

/** Whether there is a file yet; a server is always there, or says otherwise itself. */
export function exists({ location }: FoundStore): boolean {
  return location.kind !== 'sqlite' || statSync(location.path, { throwIfNoEntry: false }) !== undefined;
}
