import type { Component } from '../component/component.ts';
import { ConfigError } from '../component/errors.ts';
import type { HealthEvent } from '../component/health-event.ts';
import type { Health } from '../component/host.ts';
import type { SharedList } from '../component/shared-list.ts';
import type { StateStore } from '../component/state-store.ts';
import { isStorageExtension } from '../component/storage-extension.ts';
import { tellOfConfiguration } from './configuration-watch.ts';
import { withDeadline } from './deadline.ts';
import type { Graph, Node } from './graph.ts';
import { buildGraph } from './graph.ts';
import { createHost } from './host.ts';
import type { Environment, PipelinesSpec } from './spec.ts';
import { StatusBoard } from './status.ts';

/** Milliseconds that all of `shutdown` may take where nothing else is said. */
const SHUTDOWN_LIMIT_MS = 30_000;

/**
 * All pipelines of a configuration. Creates components without starting anything.
 *
 * @throws ConfigError where a pipeline names what is not there
 */
export function buildPipelines(spec: PipelinesSpec, environment: Environment): Pipelines {
  return new Pipelines(spec, environment);
}

/** Starts sinks first and sources last; stops in the order of the data, so that each drains into the next. */
export class Pipelines {
  readonly #environment: Environment;
  readonly #board: StatusBoard;
  readonly #graph: Graph;
  readonly #started: Node[] = [];
  #defaultStore: StateStore | undefined;
  /** The default store, where no extension holds it: ours to close. */
  #ownStore: StateStore | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #stopRequested = false;

  constructor(spec: PipelinesSpec, environment: Environment) {
    this.#environment = environment;
    const { logger } = environment.own;
    this.#board = new StatusBoard((component, status) => {
      const isError = status.state === 'recoverable_error' || status.state === 'permanent_error';
      if (isError) logger.warn({ component, ...status }, 'a component is not well');
      else logger.debug({ component, ...status }, 'the state of a component changed');
    });
    this.#graph = buildGraph(spec, environment, {
      defaultStore: () => {
        if (!this.#defaultStore) throw new Error('the store is not open yet');
        return this.#defaultStore;
      },
      onOutcome: (error) => {
        if (error === undefined) this.#board.report('store', { state: 'ok' });
        else this.#board.report('store', { state: 'recoverable_error', reason: messageOf(error) });
      },
    });
  }

  health(): Health {
    return this.#board.health();
  }

  /** Rejects with the first failure, after everything that was started has been stopped again. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Stops what was started, and drains. What has not ended within the limit is named in the log and left behind; what it
   * had not acknowledged was not lost. Safe to call twice and before `start`.
   */
  shutdown(limitMs: number = SHUTDOWN_LIMIT_MS): Promise<void> {
    this.#stopRequested = true;
    this.#stopping ??= (async () => {
      await this.#starting?.catch(() => {});
      await this.#stop(limitMs);
    })();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    try {
      const { extensions, exporters, processors, receivers, feeds } = this.#graph;
      for (const node of [...extensions, ...exporters, ...processors.flat(), ...receivers]) {
        this.#board.report(nameOf(node), { state: 'starting' });
      }
      await this.#startAll(extensions);
      await this.#openStore();
      await this.#startAll(exporters);
      for (const nodes of processors) await this.#startAll(nodes.toReversed());
      for (const feed of feeds) feed.start();
      await this.#startAll(receivers);
      await this.#tellOfConfiguration();
    } catch (error) {
      await this.#stop(SHUTDOWN_LIMIT_MS);
      throw error;
    }
  }

  async #startAll(nodes: readonly Node[]): Promise<void> {
    const extensions = new Map(this.#graph.extensions.map((node) => [node.id, node.component]));
    for (const node of nodes) {
      if (this.#stopRequested) return;
      const name = nameOf(node);
      const stores = {
        defaultStore: () => this.#defaultStore,
        openDefaultList: (list: string) => this.#openList(list),
        extensions,
      };
      const host = createHost(node, stores, this.#board);
      this.#started.push(node);
      try {
        await node.component.start(host);
      } catch (error) {
        const message = `${node.kind} "${node.id}" did not start: ${messageOf(error)}`;
        this.#board.report(name, { state: 'permanent_error', reason: messageOf(error) });
        throw error instanceof ConfigError
          ? new ConfigError(message, { cause: error })
          : new Error(message, { cause: error });
      }
      // A component that said otherwise while it started knows better.
      if (this.#board.get(name)?.state === 'starting') this.#board.report(name, { state: 'ok' });
    }
  }

  async #openStore(): Promise<void> {
    if (this.#stopRequested) return;
    const storage = this.#graph.extensions.map(({ component }) => component).find(isStorageExtension);
    if (storage) {
      this.#defaultStore = storage.openedStore();
      return;
    }
    this.#ownStore = await this.#environment.openDefaultStore((event) => this.#graph.ownFeed.report(event));
    this.#defaultStore = this.#ownStore;
  }

  async #tellOfConfiguration(): Promise<void> {
    const { configuration, own } = this.#environment;
    const store = this.#defaultStore;
    if (!configuration || !store || this.#stopRequested) return;
    const report = (event: HealthEvent) => this.#graph.ownFeed.report(event);
    await tellOfConfiguration({ ...configuration, store, logger: own.logger, report });
  }

  #openList(name: string): Promise<SharedList> {
    const storage = this.#graph.extensions.map(({ component }) => component).find(isStorageExtension);
    return storage ? storage.openList(name) : this.#environment.openDefaultList(name);
  }

  async #stop(limitMs: number): Promise<void> {
    const { clock, logger } = this.#environment.own;
    const end = clock.now() + limitMs;
    // Half of what is left: one that hangs must not take the time of all that come after it.
    const within = async (name: string, stop: () => Promise<unknown>) => {
      try {
        const work = Promise.resolve().then(stop);
        const inTime = await withDeadline(clock, work, (end - clock.now()) / 2);
        if (!inTime) logger.error({ component: name }, 'not stopped within the time limit; going on without it');
      } catch (error) {
        logger.error({ component: name, error: messageOf(error) }, 'an error while stopping');
      }
    };
    const started = new Set(this.#started.splice(0));
    const stopAll = (nodes: readonly Node<Component>[]) =>
      Promise.all(
        nodes
          .filter((node) => started.has(node))
          .map(async (node) => {
            await within(nameOf(node), () => node.component.shutdown());
            this.#board.report(nameOf(node), { state: 'stopped' });
          }),
      );

    const { extensions, exporters, processors, receivers, runners, feeds } = this.#graph;
    for (const node of started) await within(nameOf(node), async () => node.component.prepareShutdown?.());
    await stopAll(receivers);
    for (const feed of feeds) feed.stop();
    for (const runner of runners) await within('batches under way', () => runner.drain());
    await Promise.all(
      processors.map(async (nodes) => {
        for (const node of nodes) await stopAll([node]);
      }),
    );
    await stopAll(exporters);
    const store = this.#ownStore;
    if (store) await within('store', () => store.close());
    for (const node of extensions.toReversed()) await stopAll([node]);
    this.#defaultStore = undefined;
    this.#ownStore = undefined;
  }
}

function nameOf(node: Node): string {
  return `${node.kind}:${node.id}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
