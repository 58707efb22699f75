import type { ExtensionFactory } from '../../component/factory.ts';
import { checkStoreUri } from '../../storage/open.ts';
import { keyvStorageSchema } from './config.ts';
import { KeyvStorageExtension } from './extension.ts';

export const keyvStorageFactory: ExtensionFactory<typeof keyvStorageSchema> = {
  type: 'keyv_storage',
  stability: 'beta',
  description: 'Holds state, offsets and queues in SQLite, Redis, Valkey or PostgreSQL',
  schema: keyvStorageSchema,
  validate: (config) => checkStoreUri(config.uri, config.namespace),
  create: (settings, config) => new KeyvStorageExtension(settings, config),
};
