import type { ReceiverFactory } from '../../component/factory.ts';
import { validateTailConfig } from '../../tail/config.ts';
import { fileLogSchema } from './config.ts';
import { createFileLogReceiver } from './receiver.ts';

export const fileLogReceiverFactory: ReceiverFactory<typeof fileLogSchema> = {
  type: 'file_log',
  stability: 'alpha',
  description: 'Reads lines from files as they grow, over rotation and restarts',
  schema: fileLogSchema,
  validate: validateTailConfig,
  create: createFileLogReceiver,
};
