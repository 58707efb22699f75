import type { ProcessorFactory } from '../../component/factory.ts';
import { isListName, LIST_NAME_RULE } from '../../component/shared-list.ts';
import { type RulesetConfig, rulesetConfigSchema } from './config.ts';
import { RulesetProcessor } from './processor.ts';

export const rulesetFactory: ProcessorFactory<typeof rulesetConfigSchema> = {
  type: 'ruleset',
  stability: 'alpha',
  description: 'Evaluates records with Wazuh or OSSEC decoders and rules; alerts leave in their place.',
  schema: rulesetConfigSchema,
  validate: (config) => [...checkHome(config), ...checkLists(config)],
  create: (settings, config, next) => new RulesetProcessor(settings, config, next),
};

function checkHome({ wazuh_home: home, dialect }: RulesetConfig): string[] {
  if (home === undefined || dialect !== 'ossec') return [];
  return ['wazuh_home: the ossec dialect has its own layout; name decoders and rules instead'];
}

function checkLists({ lists }: RulesetConfig): string[] {
  return Object.entries(lists).flatMap(([name, value]) =>
    value.startsWith('keyv:') && !isListName(value.slice('keyv:'.length))
      ? [`lists.${name}: "${value}" names no list: after keyv: ${LIST_NAME_RULE}`]
      : [],
  );
}
