import type { ProcessorFactory } from '../../component/factory.ts';
import { isListName, LIST_NAME_RULE } from '../../component/shared-list.ts';
import { type RulesetConfig, rulesetConfigSchema } from './config.ts';
import { RulesetProcessor } from './processor.ts';
import { whyOneThread, workerCount } from './workers/count.ts';
import { ShardedRulesetProcessor } from './workers/sharded-processor.ts';

export const rulesetFactory: ProcessorFactory<typeof rulesetConfigSchema> = {
  type: 'ruleset',
  stability: 'alpha',
  description: 'Evaluates records with Wazuh or OSSEC decoders and rules; alerts leave in their place.',
  schema: rulesetConfigSchema,
  validate: (config) => [...checkHome(config), ...checkLists(config), ...checkWorkers(config)],
  create: (settings, config, next) => {
    const workers = workerCount(config);
    return workers === 1
      ? new RulesetProcessor(settings, config, next)
      : new ShardedRulesetProcessor(settings, config, next, workers);
  },
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

function checkWorkers(config: RulesetConfig): string[] {
  const why = typeof config.workers === 'number' && config.workers > 1 ? whyOneThread(config) : undefined;
  return why === undefined ? [] : [`workers: ${config.workers} threads cannot share this work: ${why}; say 1, or auto`];
}
