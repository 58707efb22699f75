import type { Component, Consumer, Exporter, Extension, Processor } from '../component/component.ts';
import { ConfigError } from '../component/errors.ts';
import type { StateStore } from '../component/state-store.ts';
import type { LogBatch } from '../pdata/logs.ts';
import { BatchRunner } from './batch-runner.ts';
import type { Branch, FanoutReport } from './fanout.ts';
import { createFanout } from './fanout.ts';
import { HealthFeed } from './health-feed.ts';
import { createIntake } from './intake.ts';
import type { ComponentKind, ComponentSpec, Environment, PipelineSpec, PipelinesSpec } from './spec.ts';
import { StoreBinding } from './store-binding.ts';

/** A component with the name that logs and the health endpoint give it. */
export interface Node<C extends Component = Component> {
  readonly kind: ComponentKind;
  readonly id: string;
  readonly component: C;
  /** The stores of the pipelines it is part of. */
  readonly bindings: readonly StoreBinding[];
  /** Takes what the component reports about itself. */
  readonly feed: HealthFeed;
}

/** Everything that is to be started, and what joins it. */
export interface Graph {
  readonly extensions: readonly Node<Extension>[];
  readonly receivers: readonly Node[];
  /** For each pipeline, in the order of the data. */
  readonly processors: readonly (readonly Node<Processor>[])[];
  readonly exporters: readonly Node<Exporter>[];
  readonly runners: readonly BatchRunner[];
  readonly feeds: readonly HealthFeed[];
  /** Takes what is reported of the process as a whole. */
  readonly ownFeed: HealthFeed;
}

export interface GraphOptions {
  /** The store of pipelines whose components ask for none, once it is open. */
  defaultStore(): StateStore;
  onOutcome(error: unknown): void;
}

/**
 * Creates the components that pipelines use and joins them. Receivers and exporters are shared by all pipelines that
 * name them; each pipeline has processors of its own. Nothing is started.
 *
 * @throws ConfigError where a pipeline names what is not there
 */
export function buildGraph(spec: PipelinesSpec, environment: Environment, options: GraphOptions): Graph {
  const pipelines = Object.entries(spec.service.pipelines);
  if (pipelines.length === 0) throw new ConfigError('service.pipelines: there is no pipeline');
  for (const [name, pipeline] of pipelines) checkPipeline(name, pipeline, spec);
  const report = createReport(environment);
  const groups = joinByReceivers(pipelines).map((receivers) => ({ receivers, binding: new StoreBinding() }));
  const bindingOf = (pipeline: PipelineSpec) =>
    groups.find((group) => group.receivers.has(pipeline.receivers[0]))!.binding;

  const entries = new Map<string, Consumer>();
  const runners = groups.map(
    ({ binding }) =>
      new BatchRunner({
        store: () => binding.store ?? options.defaultStore(),
        logger: environment.own.logger,
        meter: environment.own.meter,
        onOutcome: options.onOutcome,
      }),
  );
  const feeds = new Map(
    pipelines.map(([name, pipeline]) => {
      const runner = runners[groups.findIndex((group) => group.receivers.has(pipeline.receivers[0]))];
      // The entry is known when the first batch comes.
      const intake = { consume: (batch: LogBatch) => createIntake(entries.get(name)!, runner).consume(batch) };
      return [name, new HealthFeed(intake, environment.own)] as const;
    }),
  );
  const feedOf = (isUser: (pipeline: PipelineSpec) => boolean) => feeds.get(choosePipeline(pipelines, isUser))!;

  const exporters = new Map<string, Node<Exporter>>();
  for (const id of new Set(pipelines.flatMap(([, pipeline]) => pipeline.exporters))) {
    const { factory, config } = spec.exporters.get(id)!;
    const component = factory.create(environment.settings('exporter', id), config);
    const users = pipelines.filter(([, pipeline]) => pipeline.exporters.includes(id));
    const bindings = [...new Set(users.map(([, pipeline]) => bindingOf(pipeline)))];
    const feed = feedOf((pipeline) => pipeline.exporters.includes(id));
    exporters.set(id, { kind: 'exporter', id, component, bindings, feed });
  }

  const processors: Node<Processor>[][] = [];
  for (const [name, pipeline] of pipelines) {
    const branches = pipeline.exporters.map((id): Branch => ({ name: id, consumer: exporters.get(id)!.component }));
    let next = createFanout(branches, report);
    const nodes: Node<Processor>[] = [];
    for (const id of pipeline.processors.toReversed()) {
      const { factory, config } = spec.processors.get(id)!;
      const component: Processor = factory.create(environment.settings('processor', id, name), config, next);
      nodes.unshift({ kind: 'processor', id, component, bindings: [bindingOf(pipeline)], feed: feeds.get(name)! });
      next = chain(component, next);
    }
    processors.push(nodes);
    entries.set(name, next);
  }

  const receivers: Node[] = [];
  for (const [index, group] of groups.entries()) {
    for (const [id, names] of group.receivers) {
      const branches = names.map((name): Branch => ({ name: `pipeline/${name}`, consumer: entries.get(name)! }));
      const intake = createIntake(createFanout(branches, report), runners[index]);
      const { factory, config } = spec.receivers.get(id)!;
      const component = factory.create(environment.settings('receiver', id), config, intake);
      const feed = feedOf((pipeline) => pipeline.receivers.includes(id));
      receivers.push({ kind: 'receiver', id, component, bindings: [group.binding], feed });
    }
  }

  const ownFeed = feedOf(() => true);
  const listed = spec.service.extensions.length > 0 ? spec.service.extensions : [...spec.extensions.keys()];
  const extensions = listed.map((id): Node<Extension> => {
    const { factory, config } = find(spec.extensions, id, 'service.extensions', 'extensions');
    const component = factory.create(environment.settings('extension', id), config);
    return { kind: 'extension', id, component, bindings: [], feed: ownFeed };
  });
  const sinks = [...exporters.values()];
  return { extensions, receivers, processors, exporters: sinks, runners, feeds: [...feeds.values()], ownFeed };
}

/**
 * Where health events of a component go: one pipeline, since two would alert twice, and one with a processor, since rules
 * make alerts of them. The component's own comes first.
 */
function choosePipeline(
  pipelines: readonly (readonly [string, PipelineSpec])[],
  isUser: (pipeline: PipelineSpec) => boolean,
): string {
  const own = pipelines.filter(([, pipeline]) => isUser(pipeline));
  const [name] = [...own, ...pipelines].find(([, { processors }]) => processors.length > 0) ?? own[0] ?? pipelines[0];
  return name;
}

/** A processor as its predecessor sees it: the batch is changed if it, or anyone it may pass the batch on to, does so. */
function chain(processor: Processor, next: Consumer): Consumer {
  return {
    mutatesData: processor.mutatesData || next.mutatesData,
    overlaps: processor.overlaps === true,
    consume: (batch, work) => processor.consume(batch, work),
    checkRoom() {
      processor.checkRoom?.();
      next.checkRoom?.();
    },
  };
}

/**
 * Receivers with their pipelines, in groups: two pipelines with a receiver in common are in one group, since a batch
 * for both is one unit of work. Groups run side by side.
 */
function joinByReceivers(pipelines: readonly (readonly [string, PipelineSpec])[]): Map<string, string[]>[] {
  let groups: Map<string, string[]>[] = [];
  for (const [name, pipeline] of pipelines) {
    const joined = new Map<string, string[]>(pipeline.receivers.map((id) => [id, []]));
    const related = groups.filter((group) => pipeline.receivers.some((id) => group.has(id)));
    groups = groups.filter((group) => !related.includes(group));
    for (const group of related) for (const [id, names] of group) joined.set(id, names);
    for (const id of pipeline.receivers) joined.get(id)!.push(name);
    groups.push(joined);
  }
  return groups;
}

function createReport({ own }: Environment): FanoutReport {
  const dropped = own.meter.createCounter('hids_pipeline_dropped_log_records', {
    unit: '{record}',
    description: 'Records that one branch could never take while others took them',
  });
  return { logger: own.logger, dropped };
}

function checkPipeline(name: string, pipeline: PipelineSpec, spec: PipelinesSpec): void {
  const path = `service.pipelines.${name}`;
  for (const section of ['receivers', 'processors', 'exporters'] as const) {
    const ids = pipeline[section];
    if (section !== 'processors' && ids.length === 0)
      throw new ConfigError(`${path}.${section}: must name at least one`);
    for (const [index, id] of ids.entries()) {
      if (ids.indexOf(id) !== index) throw new ConfigError(`${path}.${section}: "${id}" is listed twice`);
      find<unknown>(spec[section], id, `${path}.${section}`, section);
    }
  }
}

function find<Factory>(
  components: ReadonlyMap<string, ComponentSpec<Factory>>,
  id: string,
  path: string,
  section: string,
): ComponentSpec<Factory> {
  const found = components.get(id);
  if (!found) throw new ConfigError(`${path}: "${id}" is not defined under ${section}`);
  return found;
}
