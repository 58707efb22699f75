import type { ExporterFactory } from '../../component/factory.ts';
import { otlpHttpSchema, validateOtlpHttp } from './config.ts';
import { OtlpHttpExporter } from './exporter.ts';

export const otlpHttpFactory: ExporterFactory<typeof otlpHttpSchema> = {
  type: 'otlp_http',
  stability: 'beta',
  description: 'Delivers to an OTLP/HTTP backend (Collector, Loki ...), with a queue on disk and a dead-letter file',
  schema: otlpHttpSchema,
  validate: validateOtlpHttp,
  create: (settings, config) => new OtlpHttpExporter(settings, config, process.env),
};
