import type { ExporterFactory } from '../../component/factory.ts';
import { debugSchema } from './config.ts';
import { DebugExporter } from './exporter.ts';

export const debugFactory: ExporterFactory<typeof debugSchema> = {
  type: 'debug',
  stability: 'beta',
  description: 'Prints alerts on the terminal for people',
  schema: debugSchema,
  create: (settings, config) => new DebugExporter(settings, config, process.stdout),
};
