import type { ExporterFactory, ExtensionFactory, ProcessorFactory, ReceiverFactory } from '../component/factory.ts';
import type { ServiceConfig } from './service.ts';

/** Everything that is built in; the command line holds the one list. */
export interface Factories {
  readonly receivers: readonly ReceiverFactory[];
  readonly processors: readonly ProcessorFactory[];
  readonly exporters: readonly ExporterFactory[];
  readonly extensions: readonly ExtensionFactory[];
}

/** A component of the configuration: checked, with its defaults. */
export interface ConfiguredComponent<Factory> {
  /** `type` or `type/name`. */
  readonly id: string;
  readonly factory: Factory;
  readonly config: unknown;
}

/** A whole configuration without errors. */
export interface Config {
  readonly receivers: ReadonlyMap<string, ConfiguredComponent<ReceiverFactory>>;
  readonly processors: ReadonlyMap<string, ConfiguredComponent<ProcessorFactory>>;
  readonly exporters: ReadonlyMap<string, ConfiguredComponent<ExporterFactory>>;
  readonly extensions: ReadonlyMap<string, ConfiguredComponent<ExtensionFactory>>;
  readonly service: ServiceConfig;
  /** Folder of the first file: where relative paths start. */
  readonly baseDir: string;
}
