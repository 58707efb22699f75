import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RulesetConfig } from './config.ts';
import type { Diagnostic } from './diagnostics.ts';
import { parseClientKeys } from './identity.ts';
import { type LoadedRuleset, loadRuleset, type RulesetOptions } from './load.ts';

/** Starter ruleset and health add-on; the same place below `src/` and `dist/`. */
const BUILT_IN = fileURLToPath(new URL('../../../config/ruleset', import.meta.url));

const STARTER = {
  decoders: `${BUILT_IN}/decoders`,
  rules: `${BUILT_IN}/rules`,
  lists: { 'etc/lists': `${BUILT_IN}/lists` },
};
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
    lists: { ...STARTER.lists, ...config.lists },
  };
}

/** Reads everything that the configuration names; `resolveList` supplies lists that live in a store. */
export async function loadContent(
  config: RulesetConfig,
  baseDir: string,
  resolveList?: RulesetOptions['resolveList'],
): Promise<LoadedContent> {
  const options = toRulesetOptions(config, baseDir);
  const loaded = await loadRuleset({
    ...options,
    ...(config.health && { addons: HEALTH }),
    ...(resolveList && { resolveList }),
  });
  const diagnostics = [...loaded.diagnostics];
  const agentIds = new Map(Object.entries(config.identity.agents));
  if (config.identity.client_keys !== undefined) {
    for (const [name, id] of await readClientKeys(resolve(baseDir, config.identity.client_keys), diagnostics)) {
      if (!agentIds.has(name)) agentIds.set(name, id);
    }
  }
  return { ...loaded, diagnostics, agentIds };
}

async function readClientKeys(path: string, diagnostics: Diagnostic[]): Promise<Map<string, string>> {
  try {
    return parseClientKeys(await readFile(path, 'utf8'));
  } catch (error) {
    diagnostics.push({
      severity: 'error',
      code: 'client-keys-not-readable',
      message: `${path} cannot be read: ${error instanceof Error ? error.message : error}`,
      help: 'Agents keep the ids that the agents map gives them; others are known by their host key.',
    });
    return new Map();
  }
}
