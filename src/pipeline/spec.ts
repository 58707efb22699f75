import type { ExporterFactory, ExtensionFactory, ProcessorFactory, ReceiverFactory } from '../component/factory.ts';
import type { HealthEvent } from '../component/health-event.ts';
import type { Settings } from '../component/host.ts';
import type { SharedList } from '../component/shared-list.ts';
import type { StateStore } from '../component/state-store.ts';

export type ComponentKind = 'extension' | 'receiver' | 'processor' | 'exporter';

/** A component of the configuration, checked. */
export interface ComponentSpec<Factory> {
  readonly factory: Factory;
  readonly config: unknown;
}

export interface PipelineSpec {
  readonly receivers: readonly string[];
  /** In the order in which a batch passes them. */
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

/** What to build: a checked configuration, with components by their ids. */
export interface PipelinesSpec {
  readonly receivers: ReadonlyMap<string, ComponentSpec<ReceiverFactory>>;
  readonly processors: ReadonlyMap<string, ComponentSpec<ProcessorFactory>>;
  readonly exporters: ReadonlyMap<string, ComponentSpec<ExporterFactory>>;
  readonly extensions: ReadonlyMap<string, ComponentSpec<ExtensionFactory>>;
  readonly service: {
    /** Extensions to start, in this order; all that are defined where the list is empty. */
    readonly extensions: readonly string[];
    readonly pipelines: Readonly<Record<string, PipelineSpec>>;
  };
}

/** What the process gives to its pipelines. */
export interface Environment {
  /** Settings of one component; `pipeline` is given for processors. */
  settings(kind: ComponentKind, id: string, pipeline?: string): Settings;
  /** Settings of the pipelines themselves; `id` names them in logs. */
  readonly own: Settings;
  /** Opens the store for components that name none; called once, and only where no extension holds a store. */
  openDefaultStore(reportHealth: (event: HealthEvent) => void): Promise<StateStore>;
  /** Digests of what was configured, by its path, and the files it was read from; changes since the last start are told. */
  readonly configuration?: { readonly parts: ReadonlyMap<string, string>; readonly files: readonly string[] };
  /** Opens a list of that store; called only where no extension holds a store. */
  openDefaultList(name: string): Promise<SharedList>;
}
