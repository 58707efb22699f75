import { z } from 'zod';
import type { Component, Consumer, Intake } from '../../src/component/component.ts';
import type {
  ExporterFactory,
  ExtensionFactory,
  ProcessorFactory,
  ReceiverFactory,
} from '../../src/component/factory.ts';
import type { Host, Settings } from '../../src/component/host.ts';
import type { StateStore } from '../../src/component/state-store.ts';
import type { StorageExtension } from '../../src/component/storage-extension.ts';
import type { LogBatch } from '../../src/pdata/logs.ts';
import type { Environment, PipelineSpec, PipelinesSpec } from '../../src/pipeline/spec.ts';
import { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { CollectingConsumer } from '../support/consumers.ts';
import type { TestSettings } from '../support/settings.ts';
import { createTestSettings } from '../support/settings.ts';
import { TestList } from '../support/shared-list.ts';

/** What a test component does; all parts are optional. */
export interface Behaviour {
  onStart?(host: Host, settings: Settings): void | Promise<void>;
  onShutdown?(): void | Promise<void>;
  mutatesData?: boolean;
  /** For processors: what is passed on. */
  process?(batch: LogBatch): LogBatch;
}

/** Pipelines of components that only record what happens to them. */
export class TestService {
  readonly events: string[] = [];
  readonly intakes = new Map<string, Intake>();
  readonly exporters = new Map<string, CollectingConsumer>();
  readonly settings: TestSettings = createTestSettings({ id: 'pipelines' });
  readonly defaultStore = new MemoryStateStore();
  readonly behaviours: Record<string, Behaviour>;

  constructor(behaviours: Record<string, Behaviour> = {}) {
    this.behaviours = behaviours;
  }

  readonly environment: Environment = {
    own: this.settings,
    settings: (kind, id, pipeline) => ({
      ...this.settings,
      id,
      ...(pipeline !== undefined && { pipeline }),
      logger: this.settings.logger,
      baseDir: kind,
    }),
    openDefaultStore: async () => {
      this.events.push('open store');
      return this.defaultStore;
    },
    openDefaultList: (name) => this.#openList('default', name),
  };

  async #openList(storage: string, name: string): Promise<TestList> {
    this.events.push(`open list ${name} of ${storage}`);
    return new TestList();
  }

  spec(pipelines: Record<string, Partial<PipelineSpec>>, extensions: string[] = []): PipelinesSpec {
    const all = Object.values(pipelines);
    const components = <F>(ids: readonly string[], factory: F) =>
      new Map(ids.map((id) => [id, { factory, config: { id } }]));
    return {
      receivers: components(
        all.flatMap((pipeline) => pipeline.receivers ?? []),
        this.receiver,
      ),
      processors: components(
        all.flatMap((pipeline) => pipeline.processors ?? []),
        this.processor,
      ),
      exporters: components(
        all.flatMap((pipeline) => pipeline.exporters ?? []),
        this.exporter,
      ),
      extensions: components(extensions, this.extension),
      service: {
        extensions: [],
        pipelines: Object.fromEntries(
          Object.entries(pipelines).map(([name, pipeline]) => [
            name,
            { receivers: [], processors: [], exporters: [], ...pipeline },
          ]),
        ),
      },
    };
  }

  #component(settings: Settings): Component & { behaviour: Behaviour } {
    const name = settings.pipeline === undefined ? settings.id : `${settings.id}@${settings.pipeline}`;
    const behaviour = this.behaviours[name] ?? this.behaviours[settings.id] ?? {};
    this.events.push(`create ${name}`);
    return {
      behaviour,
      start: async (host) => {
        this.events.push(`start ${name}`);
        await behaviour.onStart?.(host, settings);
      },
      shutdown: async () => {
        await behaviour.onShutdown?.();
        this.events.push(`stop ${name}`);
      },
    };
  }

  readonly receiver: ReceiverFactory = {
    ...base('receiver'),
    create: (settings, _config, next) => {
      this.intakes.set(settings.id, next);
      return this.#component(settings);
    },
  };

  readonly processor: ProcessorFactory = {
    ...base('processor'),
    create: (settings, _config, next: Consumer) => {
      const component = this.#component(settings);
      const { behaviour } = component;
      return {
        ...component,
        mutatesData: behaviour.mutatesData ?? false,
        consume: (batch, work) => next.consume(behaviour.process?.(batch) ?? batch, work),
      };
    },
  };

  readonly exporter: ExporterFactory = {
    ...base('exporter'),
    create: (settings) => {
      const component = this.#component(settings);
      const collector = new CollectingConsumer(component.behaviour.mutatesData);
      this.exporters.set(settings.id, collector);
      return Object.assign(collector, component);
    },
  };

  readonly extension: ExtensionFactory = {
    ...base('extension'),
    create: (settings): Component | StorageExtension => {
      const component = this.#component(settings);
      if (!settings.id.startsWith('storage')) return component;
      const store: StateStore = new MemoryStateStore();
      return { ...component, openedStore: () => store, openList: (name) => this.#openList(settings.id, name) };
    },
  };
}

function base(type: string) {
  return { type, stability: 'alpha' as const, description: '', schema: z.strictObject({}) };
}
