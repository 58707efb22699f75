import { readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ConfigError } from '../component/errors.ts';
import type { Config } from '../confmap/config.ts';
import type { RulesetConfig } from '../processor/ruleset/config.ts';
import type { ContentConfig } from '../processor/ruleset/content.ts';
import { addConfigOptions, type ConfigOptions, collect } from './config-options.ts';

/** Options that say which ruleset is meant; the same for every command that needs one. */
export interface RulesetFlags extends ConfigOptions {
  decoders: string[];
  rules: string[];
  lists: string[];
  exclude: string[];
  wazuhHome?: string;
  dialect?: 'wazuh' | 'ossec';
  strict?: boolean;
  alertLevel?: number;
  hostname?: string;
}

export function addRulesetOptions(command: Command): Command {
  return addConfigOptions(command)
    .option('--wazuh-home <dir>', 'an installation: its ruleset/, etc/ and the <ruleset> block of etc/ossec.conf')
    .option('--decoders <path>', 'decoder file, directory or glob; repeatable', collect, [])
    .option('--rules <path>', 'rule file, directory or glob; repeatable', collect, [])
    .option('--lists <name=path>', 'CDB list, or a directory laid out like etc/lists; repeatable', collect, [])
    .option('--exclude <name>', 'base name left out of directories; repeatable', collect, [])
    .addOption(new Option('--dialect <dialect>', 'whose rules these are').choices(['wazuh', 'ossec']))
    .option('--strict', 'bug for bug as the original')
    .option('--alert-level <n>', 'rules from this level on alert (default: 3, ossec 1)', parseLevel)
    .option('--hostname <name>', 'name of the own host as rules see it');
}

/**
 * What the flags mean, on top of the `ruleset` block of a configuration. Paths of flags start at the working directory.
 * @throws ConfigError for a list that cannot be understood
 */
export function toContentConfig(flags: RulesetFlags, base: ContentConfig): ContentConfig {
  return {
    ...base,
    wazuh_home: flags.wazuhHome === undefined ? base.wazuh_home : resolve(flags.wazuhHome),
    decoders: [...base.decoders, ...flags.decoders.map((path) => resolve(path))],
    rules: [...base.rules, ...flags.rules.map((path) => resolve(path))],
    exclude: [...base.exclude, ...flags.exclude],
    lists: { ...base.lists, ...readLists(flags.lists) },
    dialect: flags.dialect ?? base.dialect,
    compat: flags.strict ? 'strict' : base.compat,
    alert_level: flags.alertLevel ?? base.alert_level,
  };
}

/** The one `ruleset` processor of a configuration. */
export function findRulesetConfig(config: Config): RulesetConfig {
  const found = [...config.processors.values()].filter(({ factory }) => factory.type === 'ruleset');
  if (found.length === 0) throw new ConfigError('processors: there is no ruleset in this configuration');
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(', ');
    throw new ConfigError(`processors: there are several rulesets (${ids}); name decoders and rules instead`);
  }
  return found[0].config as RulesetConfig;
}

/** `NAME=PATH`, or a directory whose files are lists below `etc/lists`. */
function readLists(values: readonly string[]): Record<string, string> {
  const lists: Record<string, string> = {};
  for (const value of values) {
    const equals = value.indexOf('=');
    if (equals > 0) lists[value.slice(0, equals)] = resolvePath(value.slice(equals + 1));
    else if (isDirectory(value)) {
      for (const path of filesBelow(resolve(value))) lists[`etc/lists/${relative(value, path)}`] = path;
    } else {
      throw new ConfigError(
        `--lists ${value}: neither NAME=PATH nor a directory (as in --lists etc/lists/${basename(value)}=${value})`,
      );
    }
  }
  return lists;
}

/** Compiled databases and hidden files are no lists. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && !entry.name.endsWith('.cdb'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function resolvePath(path: string): string {
  return path.startsWith('keyv:') ? path : resolve(path);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function parseLevel(text: string): number {
  const level = Number(text);
  if (!/^\d+$/.test(text) || level > 16) throw new InvalidArgumentError('a level is a number from 0 to 16');
  return level;
}
