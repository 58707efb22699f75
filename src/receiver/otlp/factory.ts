import type { ReceiverFactory } from '../../component/factory.ts';
import { otlpReceiverSchema, validateOtlpReceiver } from './config.ts';
import { OtlpReceiver } from './receiver.ts';

export const otlpReceiverFactory: ReceiverFactory<typeof otlpReceiverSchema> = {
  type: 'otlp',
  stability: 'beta',
  description: 'Takes OTLP logs over HTTP (protobuf, JSON) and gRPC',
  schema: otlpReceiverSchema,
  validate: validateOtlpReceiver,
  create: (settings, config, next) => new OtlpReceiver(settings, config, next),
};
