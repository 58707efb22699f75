import type { ExtensionFactory } from '../../component/factory.ts';
import { healthCheckSchema, validateHealthCheck } from './config.ts';
import { HealthCheckExtension } from './extension.ts';

export const healthCheckFactory: ExtensionFactory<typeof healthCheckSchema> = {
  type: 'health_check',
  stability: 'beta',
  description: 'Tells over HTTP whether the process lives, and whether it is ready and why not',
  schema: healthCheckSchema,
  validate: validateHealthCheck,
  create: (settings, config) => new HealthCheckExtension(settings, config),
};
