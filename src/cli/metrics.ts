import type { RequestListener, Server } from 'node:http';
import { createNoopMeter, type Meter } from '@opentelemetry/api';
import type { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import type { MeterProviderOptions, ViewOptions } from '@opentelemetry/sdk-metrics';
import { ConfigError } from '../component/errors.ts';
import { startQuestionServer, stopQuestionServer } from '../config/question-server.ts';
import type { TelemetryConfig } from '../confmap/service.ts';
import { VERSION } from '../version.ts';

export interface Metrics {
  readonly meter: Meter;
  /** Addresses at which Prometheus finds the metrics. */
  readonly endpoints: readonly string[];
  shutdown(): Promise<void>;
}

/** Where there are more attribute sets than the SDK's 2000 by nature: one for each rule that has won. */
const VIEWS: ViewOptions[] = [{ instrumentName: 'hids_rule_*', aggregationCardinalityLimit: 25_000 }];

/** Whose metrics these are; the SDK's own would say `unknown_service`. */
const RESOURCE: NonNullable<MeterProviderOptions['resource']> = {
  attributes: { 'service.name': 'otel-hids', 'service.version': VERSION },
  getRawAttributes: () => Object.entries(RESOURCE.attributes),
  merge: (other) => other ?? RESOURCE,
};

/**
 * A meter, and a Prometheus endpoint for each reader of the configuration: none unless asked for.
 * @throws ConfigError when an address cannot be listened on
 */
export async function startMetrics(config: TelemetryConfig['metrics']): Promise<Metrics> {
  if (config.level === 'none' || config.readers.length === 0) {
    return { meter: createNoopMeter(), endpoints: [], shutdown: async () => {} };
  }
  // Takes longer to load than all that is needed without.
  const [{ PrometheusExporter: Exporter }, { MeterProvider }] = await Promise.all([
    import('@opentelemetry/exporter-prometheus'),
    import('@opentelemetry/sdk-metrics'),
  ]);
  const exporters: PrometheusExporter[] = [];
  const servers: Server[] = [];
  const endpoints: string[] = [];
  for (const { pull } of config.readers) {
    const { host, port } = pull.exporter.prometheus;
    // Its own server has no bounds.
    const exporter = new Exporter({ preventServerStart: true });
    try {
      servers.push(await startQuestionServer({ host, port }, answerWith(exporter), () => {}));
    } catch (error) {
      await Promise.allSettled(servers.map(stopQuestionServer));
      throw new ConfigError(`service.telemetry.metrics: ${(error as Error).message}`, { cause: error });
    }
    exporters.push(exporter);
    endpoints.push(`http://${host}:${port}/metrics`);
  }
  const provider = new MeterProvider({ resource: RESOURCE, readers: exporters, views: VIEWS });
  const meter = provider.getMeter('otel-hids');
  observeProcess(meter);
  const shutdown = async () => {
    await Promise.all(servers.map(stopQuestionServer));
    await provider.shutdown();
  };
  return { meter, endpoints, shutdown };
}

function answerWith(exporter: PrometheusExporter): RequestListener {
  return (request, response) => {
    if (request.url?.split('?', 1)[0] === '/metrics') return exporter.getMetricsRequestHandler(request, response);
    response.statusCode = 404;
    response.end();
  };
}

/** The Collector's own names for what the process itself uses; and how much of the time its one thread is busy. */
function observeProcess(meter: Meter): void {
  const gauge = (name: string, unit: string, description: string, read: () => number) =>
    meter.createObservableGauge(name, { unit, description }).addCallback((result) => result.observe(read()));
  const counter = (name: string, unit: string, description: string, read: () => number) =>
    meter.createObservableCounter(name, { unit, description }).addCallback((result) => result.observe(read()));
  counter('otelcol_process_cpu_seconds', 's', 'Total CPU user and system time in seconds', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  counter('otelcol_process_uptime', 's', 'Uptime of the process', () => process.uptime());
  gauge('otelcol_process_memory_rss', 'By', 'Total physical memory (resident set size)', () =>
    process.memoryUsage.rss(),
  );
  gauge('otelcol_process_runtime_heap_alloc_bytes', 'By', 'Bytes of heap objects', () => {
    const { heapUsed } = process.memoryUsage();
    return heapUsed;
  });
  gauge('otelcol_process_runtime_total_sys_memory_bytes', 'By', 'Memory that the runtime got from the system', () => {
    const { heapTotal, external } = process.memoryUsage();
    return heapTotal + external;
  });
  let last = performance.eventLoopUtilization();
  gauge('hids_process_event_loop_utilization', '1', 'Share of time the event loop was busy since the last look', () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  });
}
