import type { ProcessorFactory } from '../../component/factory.ts';
import { rulesetConfigSchema } from './config.ts';
import { RulesetProcessor } from './processor.ts';

export const rulesetFactory: ProcessorFactory<typeof rulesetConfigSchema> = {
  type: 'ruleset',
  stability: 'alpha',
  description: 'Evaluates records with Wazuh or OSSEC decoders and rules; alerts leave in their place.',
  schema: rulesetConfigSchema,
  validate: (config) =>
    config.wazuh_home !== undefined && config.dialect === 'ossec'
      ? ['wazuh_home: the ossec dialect has its own layout; name decoders and rules instead']
      : [],
  create: (settings, config, next) => new RulesetProcessor(settings, config, next),
};
