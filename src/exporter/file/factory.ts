import type { ExporterFactory } from '../../component/factory.ts';
import { fileSchema } from './config.ts';
import { FileExporter } from './exporter.ts';

export const fileFactory: ExporterFactory<typeof fileSchema> = {
  type: 'file',
  stability: 'beta',
  description: 'Appends alerts to a file: alerts.json, alerts.log, mail text or OTLP/JSON',
  schema: fileSchema,
  create: (settings, config) => new FileExporter(settings, config),
};
