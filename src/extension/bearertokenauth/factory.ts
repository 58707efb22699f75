import type { ExtensionFactory } from '../../component/factory.ts';
import { bearerTokenAuthSchema } from './config.ts';
import { BearerTokenAuthExtension } from './extension.ts';

export const bearerTokenAuthFactory: ExtensionFactory<typeof bearerTokenAuthSchema> = {
  type: 'bearertokenauth',
  stability: 'beta',
  description: 'Checks or sends a bearer token',
  schema: bearerTokenAuthSchema,
  create: (settings, config) => new BearerTokenAuthExtension(settings, config),
};
