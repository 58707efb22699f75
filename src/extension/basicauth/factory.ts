import type { ExtensionFactory } from '../../component/factory.ts';
import { basicAuthSchema, validateBasicAuth } from './config.ts';
import { BasicAuthExtension } from './extension.ts';

export const basicAuthFactory: ExtensionFactory<typeof basicAuthSchema> = {
  type: 'basicauth',
  stability: 'beta',
  description: 'Checks or sends user and password (HTTP Basic)',
  schema: basicAuthSchema,
  validate: validateBasicAuth,
  create: (settings, config) => new BasicAuthExtension(settings, config),
};
