import type { ReceiverFactory } from '../../component/factory.ts';
import { commandSchema } from './config.ts';
import { CommandReceiver } from './receiver.ts';

export const commandReceiverFactory: ReceiverFactory<typeof commandSchema> = {
  type: 'command',
  stability: 'beta',
  description: 'Runs a command at an interval and hands over its output as rules expect it',
  schema: commandSchema,
  create: (settings, config, next) => new CommandReceiver(settings, config, next),
};
