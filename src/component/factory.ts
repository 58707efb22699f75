import type { z } from 'zod';
import type { Consumer, Exporter, Extension, Intake, Processor, Receiver } from './component.ts';
import type { Settings } from './host.ts';

export type Stability = 'alpha' | 'beta' | 'stable';

/** Keys of a configuration are the YAML's own (`start_at`), in code too: one name everywhere. */
interface Factory<Schema extends z.ZodType> {
  /** Type name as in the configuration: `file_log`. */
  readonly type: string;
  readonly stability: Stability;
  /** One line for `otel-hids components`. */
  readonly description: string;
  /** Strict: unknown keys are errors. Parsing an empty mapping gives the defaults, unless a key is required. */
  readonly schema: Schema;
  /** Pure checks beyond the schema; each message starts with the YAML path inside the component. */
  validate?(config: z.output<Schema>): string[];
}

export interface ReceiverFactory<Schema extends z.ZodType = z.ZodType> extends Factory<Schema> {
  create(settings: Settings, config: z.output<Schema>, next: Intake): Receiver;
}

export interface ProcessorFactory<Schema extends z.ZodType = z.ZodType> extends Factory<Schema> {
  create(settings: Settings, config: z.output<Schema>, next: Consumer): Processor;
}

export interface ExporterFactory<Schema extends z.ZodType = z.ZodType> extends Factory<Schema> {
  create(settings: Settings, config: z.output<Schema>): Exporter;
}

export interface ExtensionFactory<Schema extends z.ZodType = z.ZodType> extends Factory<Schema> {
  create(settings: Settings, config: z.output<Schema>): Extension;
}
