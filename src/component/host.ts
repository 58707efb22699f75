import type { Meter } from '@opentelemetry/api';
import type { Clock } from './clock.ts';
import type { Extension } from './component.ts';
import type { HealthEvent } from './health-event.ts';
import type { SharedList } from './shared-list.ts';
import type { StateStore } from './state-store.ts';

/** Structured log: an object of fields, then a fixed message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The machine and process the pipelines run in. */
export interface LocalHost {
  /** `host.name`. */
  name: string;
  /** `host.id`, empty where the machine has none. */
  id: string;
}

/** What every component is created with. */
export interface Settings {
  /** `type` or `type/name` as in the configuration. */
  readonly id: string;
  /** Name of the pipeline, for processors: each pipeline has an instance of its own, which must not share its state. */
  readonly pipeline?: string;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly localHost: LocalHost;
  /** Folder of the configuration file; relative paths in the configuration start here. */
  readonly baseDir: string;
  /** Folder for what components keep beside the store, such as dead letters; `baseDir` where absent. */
  readonly dataDir?: string;
  /** The configuration runs commands: files that decide what is seen must not be writable by group or others. */
  readonly refuseWritable?: boolean;
}

/** What a running component may ask for. */
export interface Host {
  /** The store named by a `storage:` setting, or the default one. */
  store(extensionId?: string): StateStore;
  /** A list of the store that `storage:` names, or of the default one; it belongs to the caller, who closes it. */
  openList(name: string, extensionId?: string): Promise<SharedList>;
  extension(id: string): Extension | undefined;
  /** Health as the component sees it; shown by the health endpoint. */
  reportStatus(componentId: string, status: ComponentStatus): void;
  /**
   * Makes a record of what happened and sends it through a pipeline, so that rules turn it into an alert. Returns at once
   * and never throws. The event is kept in memory until then: what must not be lost is also counted or logged by who
   * reports it. Each name and subject may speak a few times and then once a minute; what came in between is added up.
   */
  reportHealth(event: HealthEvent): void;
  /** Health of everything at this moment; for the health endpoint. */
  health(): Health;
}

/** Health of everything: the worst state of any component, and each component's own. */
export interface Health {
  state: ComponentStatus['state'];
  /** By `receiver:otlp`, `processor:ruleset`, ... and `store`. */
  components: ReadonlyMap<string, ComponentStatus>;
}

export interface ComponentStatus {
  state: 'starting' | 'ok' | 'recoverable_error' | 'permanent_error' | 'stopped';
  /** Why, when it is not ok. */
  reason?: string;
}
