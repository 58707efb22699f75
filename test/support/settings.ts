import type { Extension } from '../../src/component/component.ts';
import type { HealthEvent } from '../../src/component/health-event.ts';
import type { ComponentStatus, Host, LocalHost, Logger, Settings } from '../../src/component/host.ts';
import type { StateStore } from '../../src/component/state-store.ts';
import { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { FakeClock } from './fake-clock.ts';
import { TestMetrics } from './metrics.ts';
import { TestList } from './shared-list.ts';

export interface LogEntry {
  level: 'debug' | 'info' | 'warn' | 'error';
  fields: object;
  message: string;
}

export class TestLogger implements Logger {
  readonly entries: LogEntry[] = [];

  debug(fields: object, message: string): void {
    this.entries.push({ level: 'debug', fields, message });
  }
  info(fields: object, message: string): void {
    this.entries.push({ level: 'info', fields, message });
  }
  warn(fields: object, message: string): void {
    this.entries.push({ level: 'warn', fields, message });
  }
  error(fields: object, message: string): void {
    this.entries.push({ level: 'error', fields, message });
  }
}

export interface TestSettings extends Settings {
  readonly clock: FakeClock;
  readonly logger: TestLogger;
  readonly metrics: TestMetrics;
}

export interface TestSettingsOptions {
  /** Component id; default `test`. */
  id?: string;
  /** For processors. */
  pipeline?: string;
  clock?: FakeClock;
  localHost?: LocalHost;
  baseDir?: string;
  metrics?: TestMetrics;
}

/** Settings with a clock that stands still, a logger that remembers and a meter that can be read. */
export function createTestSettings(options: TestSettingsOptions = {}): TestSettings {
  const metrics = options.metrics ?? new TestMetrics();
  return {
    id: options.id ?? 'test',
    ...(options.pipeline !== undefined && { pipeline: options.pipeline }),
    clock: options.clock ?? new FakeClock(),
    logger: new TestLogger(),
    metrics,
    meter: metrics.meter,
    localHost: options.localHost ?? { name: 'test-host', id: 'test-host-id' },
    baseDir: options.baseDir ?? process.cwd(),
  };
}

export interface TestHost extends Host {
  /** Newest status of each component. */
  readonly statuses: Map<string, ComponentStatus>;
  /** What was reported for the rules, in order. */
  readonly healthEvents: HealthEvent[];
  readonly defaultStore: StateStore;
  /** Lists by their names, those of named extensions as `EXTENSION:NAME`; made when they are asked for. */
  readonly lists: Map<string, TestList>;
}

export interface TestHostOptions {
  /** Default store; in memory where none is given. */
  store?: StateStore;
  /** Stores by the id of the extension that would hold them. */
  stores?: Record<string, StateStore>;
  extensions?: Record<string, Extension>;
  lists?: Record<string, TestList>;
}

export function createTestHost(options: TestHostOptions = {}): TestHost {
  const statuses = new Map<string, ComponentStatus>();
  const healthEvents: HealthEvent[] = [];
  const defaultStore = options.store ?? new MemoryStateStore();
  const lists = new Map(Object.entries(options.lists ?? {}));
  return {
    statuses,
    healthEvents,
    defaultStore,
    lists,
    async openList(name, extensionId) {
      const key = extensionId === undefined ? name : `${extensionId}:${name}`;
      const list = lists.get(key) ?? new TestList();
      lists.set(key, list);
      await list.version();
      return list;
    },
    store(extensionId) {
      if (extensionId === undefined) return defaultStore;
      const found = options.stores?.[extensionId];
      if (!found) throw new Error(`no test store for extension ${extensionId}`);
      return found;
    },
    extension: (id) => options.extensions?.[id],
    reportStatus: (id, status) => {
      statuses.set(id, status);
    },
    reportHealth: (event) => {
      healthEvents.push(event);
    },
    health: () => ({ state: 'ok', components: new Map(statuses) }),
  };
}
