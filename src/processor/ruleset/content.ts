import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RulesetConfig } from './config.ts';
import type { Diagnostic } from './diagnostics.ts';
import { digestBytes } from './digest.ts';
import { parseClientKeys } from './identity.ts';
import { type LoadedRuleset, loadRuleset, type RulesetOptions } from './load.ts';
import { checkWriters } from './writers.ts';

/** Starter ruleset and health add-on; the same place below `src/` and `dist/`. */
const BUILT_IN = fileURLToPath(new URL('../../../config/ruleset', import.meta.url));

const STARTER = {
  decoders: `${BUILT_IN}/decoders`,
  rules: `${BUILT_IN}/rules`,
  lists: `${BUILT_IN}/lists`,
};
/** What rules call the folder of lists. */
const LISTS = 'etc/lists';
const HEALTH = { decoders: [`${BUILT_IN}/health/decoders`], rules: [`${BUILT_IN}/health/rules`] };

/** What a processor runs on: the ruleset with the add-ons, and the agent ids that are known. */
export interface LoadedContent extends LoadedRuleset {
  readonly agentIds: ReadonlyMap<string, string>;
}

/** The part of the configuration that says which ruleset is meant; also what the command line's options amount to. */
export type ContentConfig = Pick<
  RulesetConfig,
  'wazuh_home' | 'starter' | 'decoders' | 'rules' | 'exclude' | 'lists' | 'dialect' | 'compat' | 'alert_level'
>;

/** Options for the loader, with the starter ruleset where no other content is named. */
export function toRulesetOptions(config: ContentConfig, baseDir: string): RulesetOptions {
  const { starter, ...options } = config;
  const named = config.wazuh_home !== undefined || config.decoders.length > 0 || config.rules.length > 0;
  if (!(starter ?? !named)) return { ...options, baseDir };
  return {
    ...options,
    baseDir,
    decoders: [STARTER.decoders, ...config.decoders],
    rules: [STARTER.rules, ...config.rules],
    // The first of one name counts, and a list that is named itself stands for that of the folder.
    lists: { ...config.lists, ...(Object.hasOwn(config.lists, LISTS) ? {} : { [LISTS]: STARTER.lists }) },
  };
}

export interface LoadContentOptions {
  /** Supplies lists that live in a store. */
  readonly resolveList?: RulesetOptions['resolveList'];
  /** Refuse files that group or others may write to, other than those that come with this program. */
  readonly refuseWritable?: boolean;
  /** Keep what was read, so that another thread can compile the same. */
  readonly keepSource?: boolean;
}

/** Reads everything that the configuration names. */
export async function loadContent(
  config: RulesetConfig,
  baseDir: string,
  { resolveList, refuseWritable = false, keepSource = false }: LoadContentOptions = {},
): Promise<LoadedContent> {
  const content = await readContent(config, baseDir, { resolveList, keepSource });
  if (!refuseWritable) return content;
  const found = checkWriters([...content.files, ...content.directories], BUILT_IN);
  if (found.length === 0) return content;
  return { ...content, ruleset: undefined, diagnostics: [...content.diagnostics, ...found] };
}

async function readContent(
  config: RulesetConfig,
  baseDir: string,
  { resolveList, keepSource }: Pick<RulesetOptions, 'resolveList' | 'keepSource'>,
): Promise<LoadedContent> {
  const options = toRulesetOptions(config, baseDir);
  const loaded = await loadRuleset({
    ...options,
    ...(config.health && { addons: HEALTH }),
    ...(resolveList && { resolveList }),
    ...(keepSource && { keepSource }),
  });
  const diagnostics = [...loaded.diagnostics];
  const agentIds = new Map(Object.entries(config.identity.agents));
  if (config.identity.client_keys === undefined) return { ...loaded, diagnostics, agentIds };
  const path = resolve(baseDir, config.identity.client_keys);
  const { ids, digest } = await readClientKeys(path, diagnostics);
  for (const [name, id] of ids) if (!agentIds.has(name)) agentIds.set(name, id);
  const digests = new Map([...loaded.digests, ...(digest === undefined ? [] : [[path, digest] as const])]);
  return { ...loaded, files: [...loaded.files, path], digests, diagnostics, agentIds };
}

async function readClientKeys(
  path: string,
  diagnostics: Diagnostic[],
): Promise<{ ids: Map<string, string>; digest: string | undefined }> {
  try {
    const content = await readFile(path);
    return { ids: parseClientKeys(content.toString('utf8')), digest: digestBytes(content) };
  } catch (error) {
    diagnostics.push({
      severity: 'error',
      code: 'client-keys-not-readable',
      message: `${path} cannot be read: ${error instanceof Error ? error.message : error}`,
      help: 'Agents keep the ids that the agents map gives them; others are known by their host key.',
    });
    return { ids: new Map(), digest: undefined };
  }
}
